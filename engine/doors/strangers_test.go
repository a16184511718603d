package doors

import (
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/engine/observe"
	"viamillipede/engine/observe/observetest"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

func TestSite(t *testing.T) {
	for from, want := range map[string]string{
		"198.51.100.7:4242": "198.51.100.7", "[::ffff:198.51.100.7]:4242": "198.51.100.7",
		"[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64", "[2001:db8:1:2::9]:1": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1": "fe80::1%eth0",
	} {
		at, err := net.ResolveTCPAddr("tcp", from)
		if err != nil {
			t.Fatal(err)
		}
		if got := site(at); !strings.HasPrefix(got, want) {
			t.Errorf("%s is counted as %s, want %s", from, got, want)
		}
	}
	if got := site(&net.UnixAddr{Name: "door", Net: "unix"}); got != "door" {
		t.Errorf("a socket that is not of a network is counted as %q", got)
	}
}

// A host that comes again and again gets one line, and later a number.
func TestOneLineAHost(t *testing.T) {
	var told observetest.Told
	var d doorman
	busy := errors.New("another sender")
	for i := range 24 {
		d.refuse(&told, &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 40000 + i}, busy)
		d.refuse(&told, &net.TCPAddr{IP: net.IP{0x20, 1, 0xd, 0xb8, 15: byte(i)}, Port: 40000}, errUnsaid)
	}
	if want, got := "[{198.51.100.7:40000 another sender} {[2001:db8::]:40000 closed without a word}]", fmt.Sprint(told.Take()); got != want {
		t.Fatalf("told\n%s\nwant\n%s", got, want)
	}
	now := time.Now()
	for _, c := range []struct {
		after time.Duration
		more  int // connections meanwhile
		want  []observe.Event
	}{
		{0, 0, nil},
		{59 * time.Second, 0, nil},
		{time.Minute, 0, []observe.Event{observe.RefusedMore{Total: 46, Hosts: []observe.RefusedHost{{Host: "198.51.100.7", Count: 23, Last: busy}, {Host: "2001:db8::/64", Count: 23, Last: errUnsaid}}, Others: 0}}},
		{2 * time.Minute, 1, nil},
		{3 * time.Minute, 0, []observe.Event{observe.RefusedMore{Total: 1, Hosts: []observe.RefusedHost{{Host: "198.51.100.7", Count: 1, Last: busy}}, Others: 0}}},
		{10 * time.Minute, 0, nil},
	} {
		for range c.more {
			d.refuse(&told, &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 1}, busy)
		}
		d.report(&told, now.Add(c.after), time.Minute)
		if got := told.Take(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("after %v: told %v, want %v", c.after, got, c.want)
		}
	}
	if d.count() != 49 {
		t.Errorf("%d connections, want 49", d.count())
	}
}

// A peer that is refused, or gives up, closes its other links without a word. Whichever of them comes first, the reason is told.
func TestAReasonAfterSilence(t *testing.T) {
	who := &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 1}
	gone := unanswered(os.NewSyscallError("write", unix.EPIPE))
	for _, silent := range []error{errUnsaid, gone} {
		var told observetest.Told
		var d doorman
		for _, why := range []error{silent, silent, errSealed, silent, errSealed} {
			d.refuse(&told, who, why)
		}
		if want, got := fmt.Sprint([]observe.Event{observe.Refused{From: who, Err: silent}, observe.Refused{From: who, Err: errSealed}}), fmt.Sprint(told.Take()); got != want {
			t.Errorf("told\n%s\nwant\n%s", got, want)
		}
	}
}

// However many hosts come, what is remembered and what is said is bounded.
func TestManyStrangers(t *testing.T) {
	var told observetest.Told
	var d doorman
	for i := range 4 * strangersMost {
		d.refuse(&told, &net.TCPAddr{IP: net.IPv4(10, 0, byte(i>>8), byte(i)), Port: 1}, errUnsaid)
	}
	if n := len(told.Take()); n != strangerLines {
		t.Errorf("%d lines, want %d", n, strangerLines)
	}
	if len(d.hosts) > strangersMost {
		t.Errorf("%d hosts are remembered, want at most %d", len(d.hosts), strangersMost)
	}
	now := time.Now()
	d.report(&told, now, time.Minute)
	d.report(&told, now.Add(time.Minute), time.Minute)
	got := told.Take()
	if len(got) != 1 {
		t.Fatalf("told %v", got)
	}
	const total = 4*strangersMost - strangerLines
	if more := got[0].(observe.RefusedMore); more.Total != total || len(more.Hosts) != strangerNames || more.Others != total-strangerNames {
		t.Errorf("told %v", more)
	}
}

// departed is a receiver whose stream is over. Its peer's host was 127.0.0.1.
type departed struct{ Receiving }

func (departed) Expects(from net.Addr) bool { return HostOf(from) == "127.0.0.1" }

// Links of the peer that were on their way when the stream ended are nobody's business, whether they speak or not. A stranger is told.
func TestLateLinks(t *testing.T) {
	var told observetest.Told
	d := &Doors{cfg: Config{Time: schedule.Timing{Hello: 30 * time.Second}, Observer: &told}}
	d.house = &d.Tenants
	d.Join(departed{})
	d.Tenants.all[0].gone = true
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	come := func(from string, words []byte) {
		t.Helper()
		c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp4", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		in, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Write(words)
		if err == nil && len(words) == 0 {
			err = c.(*net.TCPConn).CloseWrite()
		}
		if err != nil {
			t.Fatal(err)
		}
		d.hear(t.Context(), 0, &guest{c: in})
	}
	hello := wire.Hello{Stream: wire.StreamID{1}, MaxLeg: 64 << 10, Links: 1}.Append(nil)
	for _, words := range [][]byte{hello, nil} {
		come("127.0.0.1", words)
	}
	if got := told.Take(); len(got) != 0 {
		t.Errorf("of the peer's late links is told: %v", got)
	}
	come("127.0.0.2", hello)
	if got := fmt.Sprint(told.Take()); !strings.Contains(got, "the stream is over") {
		t.Errorf("of a stranger is told: %v", got)
	}
}
