package receive

import (
	"testing"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// The first leg was on its way when its sender, on another link, said that it had failed: the stream is the receiver's own, and
// fails.
func TestFirstLegAfterTheFailure(t *testing.T) {
	r := &Receiver{doors: &doors.Doors{}}
	r.life.Live(receiveEnd{r}, nil, schedule.Timing{}, 0, 0)
	r.tenure = doors.NewTenure("sender")
	r.first = r.newFirst(wire.StreamID{1})
	if !r.quits(wire.Fault{Status: uint16(stream.StatusTerminated), Text: "stopped"}, "10.0.0.1:7") {
		t.Fatal("a stream without a leg is the receiver's own")
	}
	if !r.own() || r.own() {
		t.Error("a stream becomes the receiver's own more than once, or never")
	}
	if !r.life.Finished || stream.ExitStatus(r.life.Err) != stream.StatusRemotePipe {
		t.Errorf("the stream goes on: %v", r.life.Err)
	}
	if r.quits(wire.Fault{}, "10.0.0.1:7") {
		t.Error("a stream with a leg is not the receiver's own")
	}
}

// The leg that makes the stream the receiver's own is acknowledged when its link has been read, and not after schedule.AckWithin: until
// its ack a sender that listens may take another receiver. Those after it are acknowledged as ever.
func TestFirstLegIsAcknowledgedAtOnce(t *testing.T) {
	r := &Receiver{doors: &doors.Doors{}}
	r.life.Live(receiveEnd{r}, nil, schedule.Timing{}, 0, 0)
	r.tenure = doors.NewTenure("sender")
	r.store.AckEvery = 1000
	l := &rxloop{r: r}
	k := &rxlink{r: r, owner: l}
	for _, due := range []bool{true, false} {
		l.owed = 10 // of that leg
		k.owns()
		if now := l.owed >= r.store.AckEvery; now != due {
			t.Errorf("an ack is due at once: %v, want %v", now, due)
		}
	}
}
