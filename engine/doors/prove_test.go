package doors

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"viamillipede/engine/schedule"
	"viamillipede/engine/seal"
)

// An end that stops in the middle of a handshake says nothing of keys: its peer would give up for good.
func TestNoVerdictFromAnEndThatStops(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	d := &Doors{cfg: Config{Key: seal.NewKey(), Time: schedule.Timing{Farewell: time.Second}}}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	c.SetDeadline(time.Unix(1, 0)) // as hear does
	if _, err := d.prove(ctx, &guest{c: c}); err == nil {
		t.Error("a guest that has said nothing has the key")
	}
	c.Close()
	if said, err := io.ReadAll(peer); err != nil || len(said) > 0 {
		t.Errorf("the peer hears %q, %v", said, err)
	}
}
