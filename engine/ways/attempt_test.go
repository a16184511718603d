package ways

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/wire"
)

// The outcome of a path whose addresses all failed.
func TestTogether(t *testing.T) {
	four, other, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::1")
	var (
		noRoute  = os.NewSyscallError("connect", syscall.ENETUNREACH)
		silence  = errors.New("i/o timeout")
		stranger = errors.New("no viamillipede")
		busy     = errors.New("busy")
	)
	at := func(to netip.Addr, v wire.Verdict, err error) outcome { return result(to, true, v, err) }
	refuses := func(to netip.Addr) outcome { return at(to, wire.VerdictOK, errNobody) }
	for _, c := range []struct {
		name    string
		all     []outcome
		refused bool
		verdict wire.Verdict
		text    string
	}{
		{"one refuses", []outcome{refuses(four)}, true, wire.VerdictOK, "connect: connection refused"},
		{"all refuse", []outcome{refuses(four), refuses(six)}, true, wire.VerdictOK, "connect: connection refused"},
		{"one is silent", []outcome{refuses(other), at(four, wire.VerdictOK, silence)}, false, wire.VerdictOK,
			"192.0.2.1: i/o timeout, 192.0.2.2: connect: connection refused"},
		{"no IPv6 here", []outcome{at(six, wire.VerdictOK, noRoute), refuses(four)}, true, wire.VerdictOK,
			"192.0.2.1: connect: connection refused, 2001:db8::1: connect: network is unreachable"},
		{"no route to one", []outcome{at(four, wire.VerdictOK, noRoute), refuses(other)}, false, wire.VerdictOK,
			"192.0.2.1: connect: network is unreachable, 192.0.2.2: connect: connection refused"},
		{"no route at all", []outcome{at(four, wire.VerdictOK, noRoute), at(six, wire.VerdictOK, noRoute)}, false,
			wire.VerdictOK, "connect: network is unreachable"},
		{"one is busy", []outcome{at(four, wire.VerdictMalformed, stranger), at(other, wire.VerdictBusy, busy)}, true,
			wire.VerdictBusy, "192.0.2.1: no viamillipede, 192.0.2.2: busy"},
		{"busy or silent", []outcome{at(four, wire.VerdictBusy, busy), at(other, wire.VerdictOK, silence)}, false,
			wire.VerdictBusy, "192.0.2.1: busy, 192.0.2.2: i/o timeout"},
		{"overtaken", []outcome{refuses(four), at(other, wire.VerdictOK, errChanged)}, false, wire.VerdictOK,
			errChanged.Error()},
	} {
		o := together(c.all)
		if o.refused != c.refused || o.verdict != c.verdict || o.err.Error() != c.text {
			t.Errorf("%s: refused %v, verdict %v, %v", c.name, o.refused, o.verdict, o.err)
		}
	}
}

func TestPathKeepsWhatWorked(t *testing.T) {
	all := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")}
	for best, want := range map[string]string{
		"192.0.2.1": "[192.0.2.1 192.0.2.2 192.0.2.3]",
		"192.0.2.3": "[192.0.2.3 192.0.2.1 192.0.2.2]",
		"192.0.2.9": "[192.0.2.1 192.0.2.2 192.0.2.3]", // the name has lost it
	} {
		p := &Path{}
		if !p.prefer(netip.MustParseAddr(best)) || p.prefer(netip.MustParseAddr(best)) {
			t.Errorf("%s is news every time or never", best)
		}
		if got := fmt.Sprint(p.inOrder(all)); got != want {
			t.Errorf("%s worked last: %s", best, got)
		}
	}
}

func TestSpreadLinks(t *testing.T) {
	for _, c := range []struct {
		rates []uint64
		links int
		want  string // the path of each link
	}{
		{[]uint64{0}, 3, "[0 0 0]"},
		{[]uint64{0, 0, 0}, 2, "[0 1]"},
		{[]uint64{0, 0}, 5, "[0 1 0 1 0]"},
		{[]uint64{3 * leastShare, 0}, 8, "[0 1 0 1 0 1 1 1]"},
		{[]uint64{leastShare, 2*leastShare - 1}, 16, "[0 1]"},
		{[]uint64{1}, 16, "[0]"},
		{[]uint64{1 << 40}, 4, "[0 0 0 0]"},
	} {
		var paths []*Path
		for i, r := range c.rates {
			paths = append(paths, NewPath(stream.Path{Rate: r}, i))
		}
		var got []int
		for _, p := range spreadLinks(paths, c.links) {
			got = append(got, p.Order)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%d links over rates %v: %v, want %s", c.links, c.rates, got, c.want)
		}
	}
}

func TestPathSharesItsRate(t *testing.T) {
	p := NewPath(stream.Path{Rate: 10}, 0)
	for up, want := range []uint64{10, 10, 5, 3, 2, 2, 1, 1, 1, 1, 1, 1} {
		if got := p.Share(); got != want {
			t.Errorf("%d links: %d", up, got)
		}
		p.linkUp()
	}
}
