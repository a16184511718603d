package send

import (
	"net/netip"
	"os"
	"slices"
	"testing"

	"viamillipede/engine/internal/stream"
)

// onDevice is a network whose one device is known.
type onDevice struct{ stream.Transport }

func (onDevice) DeviceTo(stream.Path, netip.Addr) string { return "lo" }

// A sender's loops stay as many as they were made, however many the machine would grant when they are placed anew: a cgroup's quota
// may have been changed meanwhile.
func TestLoopsStayAsMany(t *testing.T) {
	const loops = 9 // more than any machine gets by itself
	o := stream.Setup{
		Options: stream.Options{CPUs: slices.Repeat([]int{-1}, loops), Pin: true},
		Hooks:   stream.Hooks{Transport: onDevice{stream.TCP(netip.Addr{}, "")}},
	}.WithDefaults(1)
	s, err := New(stream.SendSetup{Setup: o, Paths: []stream.Path{{Host: "a", Port: 1}}, Source: nullSource(t)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.cfg.CPUs = nil
	s.reach.PlaceFor(s.paths()[0], netip.MustParseAddr("127.0.0.1"))
	if n := len(s.life.Placed.Load().CPUs); n != loops {
		t.Errorf("a sender's %d loops run on %d CPUs", loops, n)
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
