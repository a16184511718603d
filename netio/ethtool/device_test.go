package ethtool

import (
	"errors"
	"runtime"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// inSpace runs f on a thread of its own, in a network namespace that ends with it and has a veth pair: v0 with three queues
// each way, and v1.
func inSpace(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends, and its namespace with it
		ns, err := netns.New()
		if err != nil {
			done <- err
			return
		}
		defer ns.Close()
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.NumRxQueues, attrs.NumTxQueues = "v0", 3, 3
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "v1"}); err != nil {
			done <- err
			return
		}
		f()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Skipf("no namespace with a veth pair here (needs root): %v", err)
	}
}

func TestVeth(t *testing.T) {
	inSpace(t, func() {
		c, err := ReadChannels("v0")
		if err != nil || c.RX != (Amounts{3, 3}) || c.TX != (Amounts{3, 3}) || c.Combined != (Amounts{}) {
			t.Errorf("channels %+v, %v", c, err)
		}
		l, err := ReadLink("v0")
		if err != nil || l.Speed != 10e9 || l.Duplex != "full" {
			t.Errorf("link %+v, %v", l, err)
		}
		f, err := ReadFeatures("v0")
		if err != nil || !f.On["tx-tcp-segmentation"] || !f.Offered["rx-gro"] {
			t.Errorf("features %+v, %v", f, err)
		}
		// A veth spreads nothing, and older drivers of it have no rings.
		if r, err := ReadRSS("v0"); err == nil && r.Table != nil {
			t.Errorf("spread %+v, %v", r, err)
		}
	})
}

// TestErrors: a driver that does not answer, and a device that is not there.
func TestErrors(t *testing.T) {
	for name, ask := range map[string]func(string) error{
		"rings":    func(d string) error { _, err := ReadRings(d); return err },
		"channels": func(d string) error { _, err := ReadChannels(d); return err },
		"rss":      func(d string) error { _, err := ReadRSS(d); return err },
	} {
		if err := ask("lo"); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s of lo: %v", name, err)
		}
		if err := ask("nosuchdevice"); !errors.Is(err, syscall.ENODEV) {
			t.Errorf("%s of nosuchdevice: %v", name, err)
		}
	}
}
