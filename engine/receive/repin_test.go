package receive

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"viamillipede/engine/doors"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/netio/dial"
)

// A loop gets its share of the links, and what comes in there beyond that goes where there are the fewest.
func TestShareOfLinks(t *testing.T) {
	r := &Receiver{loops: []*rxloop{{}, {}, {}}}
	r.tenure.Try(doors.Claim{Links: 7}, time.Now())
	got := make([]int, len(r.loops))
	for range 7 {
		l := reception{r}.loopFor(1)
		l.load++
		got[slices.Index(r.loops, l)]++
	}
	if want := []int{2, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("7 links that come in at loop 1 are spread %v, want %v", got, want)
	}
	if l := (reception{r}).loopFor(0); l != r.loops[0] {
		t.Error("a loop with less than its share does not take what comes in there")
	}
}

// noDoor is a port that nobody comes to.
type noDoor struct{ stream.Door }

func (noDoor) Listeners() []net.Listener { return []net.Listener{noListener{}} }

func (noDoor) Steer(int, func(int) int) dial.Steering { return dial.Steering{} }

// noListener is what it listens with.
type noListener struct{ net.Listener }

func (noListener) Addr() net.Addr { return &net.UnixAddr{} }

// nowhere is a network with that port, whose one device is known.
type nowhere struct{ stream.Transport }

func (nowhere) Listen(context.Context, uint16, int) (stream.Door, error) { return noDoor{}, nil }

func (nowhere) DeviceAt(netip.Addr) string { return "lo" }

func openNowhere(t *testing.T) *doors.Doors {
	t.Helper()
	d, err := doors.Open(doors.Config{Network: nowhere{}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A receiver's loops stay as many as they were made, however many the machine would grant when they are placed anew: a cgroup's quota
// may have been changed meanwhile.
func TestReceiverLoopsStayAsMany(t *testing.T) {
	const loops = 9 // more than any machine gets by itself
	o := stream.Setup{Options: stream.Options{Pin: true}, Hooks: stream.Hooks{Transport: nowhere{}}}.WithDefaults(1)
	r := &Receiver{cfg: stream.ReceiveSetup{Setup: o}, transport: o.Transport, doors: openNowhere(t)}
	for i := range loops {
		l, err := loop.New(i, -1, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		r.loops = append(r.loops, &rxloop{LinkLoop: stream.LinkLoop[*rxlink]{Loop: l}, r: r})
	}
	r.life.Placed.Store(&stream.Placement{CPUs: slices.Repeat([]int{-1}, loops)})
	reception{r}.repin(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1})
	if n := len(r.life.Placed.Load().CPUs); n != loops {
		t.Errorf("%d loops run on %d CPUs", loops, n)
	}
}
