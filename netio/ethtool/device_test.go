package ethtool

import (
	"errors"
	"syscall"
	"testing"

	"viamillipede/netio/lab"
)

func TestVeth(t *testing.T) {
	l := lab.New(t, lab.Config{Paths: 1, Queues: 3})
	err := l.Visit(lab.TX, func() error {
		c, err := ReadChannels("p0")
		if err != nil || c.RX != (Amounts{3, 3}) || c.TX != (Amounts{3, 3}) || c.Combined != (Amounts{}) {
			t.Errorf("channels %+v, %v", c, err)
		}
		link, err := ReadLink("p0")
		if err != nil || link.Speed != 10e9 || link.Duplex != "full" {
			t.Errorf("link %+v, %v", link, err)
		}
		f, err := ReadFeatures("p0")
		if err != nil || !f.On["tx-tcp-segmentation"] || !f.Offered["rx-gro"] {
			t.Errorf("features %+v, %v", f, err)
		}
		// A veth spreads nothing, and older drivers of it have no rings.
		if r, err := ReadRSS("p0"); err == nil && r.Table != nil {
			t.Errorf("spread %+v, %v", r, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
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
