package dial

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"viamillipede/netio/lab"
)

// A zone is the device that has that name now: after it was made anew, dialling and listening go there, and a group that
// listened at the old one is stale.
func TestZoneIsADeviceNow(t *testing.T) {
	hosts := lab.New(t, lab.Config{})
	inside := func(f func() error) {
		t.Helper()
		if err := hosts.Visit(lab.TX, f); err != nil {
			t.Fatal(err)
		}
	}
	local := netip.MustParseAddr("fe80::1%dev")
	remake := func() error {
		if l, err := netlink.LinkByName("dev"); err == nil {
			if err := netlink.LinkDel(l); err != nil {
				return err
			}
		}
		return wire("dev", "fe80::1/64")
	}
	var old *Group
	inside(func() (err error) {
		if _, err := ListenGroup(t.Context(), local, 0, 1); !errors.Is(err, unix.ENODEV) || !NotThere(err) {
			t.Errorf("listen without the device: %v", err)
		}
		if err := remake(); err != nil {
			return err
		}
		if _, err := ListenGroup(t.Context(), netip.MustParseAddr("fe80::2%dev"), 0, 1); !NotThere(err) {
			t.Errorf("listen without the address: %v", err)
		}
		if old, err = ListenGroup(t.Context(), local, 0, 1); err != nil {
			return err
		}
		if old.Stale() {
			t.Error("stale at once")
		}
		return visit(t, old)
	})
	defer old.Close()
	inside(func() error {
		if err := remake(); err != nil {
			return err
		}
		if !old.Stale() {
			t.Error("a group at a device that is gone is not stale")
		}
		g, err := ListenGroup(t.Context(), local, 0, 1)
		if err != nil {
			return err
		}
		defer g.Close()
		return visit(t, g)
	})
}

// visit connects to a group, by the name of the zone.
func visit(t *testing.T, g *Group) error {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := Dialer{}.Dial(ctx, netip.AddrPortFrom(netip.MustParseAddr("fe80::1%dev"), g.port()))
	if err != nil {
		return err
	}
	defer c.Close()
	l := g.Listeners()[0]
	l.SetDeadline(time.Now().Add(patience))
	in, err := l.Accept()
	if err != nil {
		return err
	}
	return in.Close()
}
