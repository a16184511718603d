package engine

import (
	"context"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/receive/doors"
	"viamillipede/engine/wire"
	"viamillipede/netio/dial"
)

// A loop gets its share of the links, and what comes in there beyond that goes where there are the fewest.
func TestShareOfLinks(t *testing.T) {
	r := &Receiver{loops: []*rxloop{{}, {}, {}}}
	r.tenure.Try(wire.Hello{Links: 7}, time.Now())
	got := make([]int, len(r.loops))
	for range 7 {
		l := r.loopFor(1)
		l.load++
		got[slices.Index(r.loops, l)]++
	}
	if want := []int{2, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("7 links that come in at loop 1 are spread %v, want %v", got, want)
	}
	if l := r.loopFor(0); l != r.loops[0] {
		t.Error("a loop with less than its share does not take what comes in there")
	}
}

// onDevice is a network whose one device is known.
type onDevice struct{ stream.Transport }

func (onDevice) DeviceTo(stream.Path, netip.Addr) string { return "lo" }

func (onDevice) DeviceAt(netip.Addr) string { return "lo" }

// noDoor is a port that nobody comes to.
type noDoor struct{ stream.Door }

func (noDoor) Listeners() []net.Listener { return []net.Listener{noListener{}} }

func (noDoor) Steer(int, func(int) int) dial.Steering { return dial.Steering{} }

// noListener is what it listens with.
type noListener struct{ net.Listener }

func (noListener) Addr() net.Addr { return &net.UnixAddr{} }

// nowhere is a network with that port.
type nowhere struct{ stream.Transport }

func (nowhere) Listen(context.Context, uint16, int) (stream.Door, error) { return noDoor{}, nil }

func openNowhere(t *testing.T) *doors.Doors {
	t.Helper()
	d, err := doors.Open(doors.Config{Network: nowhere{}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The loops stay as many as they were made, however many the machine would grant when they are placed anew: a cgroup's quota
// may have been changed meanwhile.
func TestLoopsStayAsMany(t *testing.T) {
	const loops = 9 // more than any machine gets by itself
	o := stream.Setup{
		Options: stream.Options{CPUs: slices.Repeat([]int{-1}, loops), Pin: true},
		Hooks:   stream.Hooks{Transport: onDevice{stream.TCP(netip.Addr{}, "")}},
	}.WithDefaults(time.Second)
	s, err := OpenSender(stream.SendSetup{Setup: o, Paths: []stream.Path{{Host: "a", Port: 1}}, Source: nullSource(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.cfg.CPUs = nil
	s.repin(s.paths[0], netip.MustParseAddr("127.0.0.1"))
	if n := len(s.life.Placed.Load().CPUs); n != loops {
		t.Errorf("a sender's %d loops run on %d CPUs", loops, n)
	}
	r := &Receiver{cfg: stream.ReceiveSetup{Setup: o}, transport: o.Transport}
	r.doors = openNowhere(t)
	for _, l := range s.loops {
		r.loops = append(r.loops, &rxloop{LinkLoop: stream.LinkLoop[*rxlink]{Loop: l.Loop}, r: r})
	}
	r.cfg.CPUs = nil
	r.life.Placed.Store(&stream.Placement{CPUs: s.life.Placed.Load().CPUs})
	r.repin(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1})
	if n := len(r.life.Placed.Load().CPUs); n != loops {
		t.Errorf("a receiver's %d loops run on %d CPUs", loops, n)
	}
}

func nullSource(t *testing.T) int {
	t.Helper()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return int(f.Fd())
}
