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

// guestOf is the guest that a connection is, and the other end of that.
func guestOf(t *testing.T) (g *guest, peer net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &guest{c: c}, peer
}

// hearsNothing ends a guest's connection, and checks that its peer was told nothing.
func hearsNothing(t *testing.T, g *guest, peer net.Conn) {
	t.Helper()
	g.c.Close()
	peer.SetDeadline(time.Now().Add(30 * time.Second))
	if said, err := io.ReadAll(peer); err != nil || len(said) > 0 {
		t.Errorf("the peer hears %q, %v", said, err)
	}
}

// An end that stops in the middle of a handshake says nothing of keys: its peer would give up for good.
func TestNoVerdictFromAnEndThatStops(t *testing.T) {
	g, peer := guestOf(t)
	d := &Doors{cfg: Config{Key: seal.NewKey(), Time: schedule.Timing{Farewell: time.Second}}}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	g.c.SetDeadline(time.Unix(1, 0)) // as hear does
	if _, err := d.prove(ctx, g); err == nil {
		t.Error("a guest that has said nothing has the key")
	}
	hearsNothing(t, g, peer)
}

// Nor is a verdict due where the time of a handshake is over: the path may have swallowed what the guest has said.
func TestNoVerdictOnAGuestThatIsLate(t *testing.T) {
	g, peer := guestOf(t)
	d := &Doors{cfg: Config{Key: seal.NewKey(), Time: schedule.Timing{Farewell: time.Second}}}
	g.c.SetDeadline(time.Unix(1, 0))
	if _, err := d.prove(context.Background(), g); err != errSlow {
		t.Errorf("%v, want %v", err, errSlow)
	}
	hearsNothing(t, g, peer)
}
