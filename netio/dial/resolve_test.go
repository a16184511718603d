package dial

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func addrs(t *testing.T, words string) []netip.Addr {
	t.Helper()
	var all []netip.Addr
	for _, w := range strings.Fields(words) {
		all = append(all, netip.MustParseAddr(w))
	}
	return all
}

func TestTakeTurns(t *testing.T) {
	for in, want := range map[string]string{
		"::1":                         "::1",
		"192.0.2.1 192.0.2.2":         "192.0.2.1 192.0.2.2",
		"::1 ::2 192.0.2.1 192.0.2.2": "::1 192.0.2.1 ::2 192.0.2.2",
		"192.0.2.1 ::1 ::2 ::3":       "192.0.2.1 ::1 ::2 ::3",
		"::1 ::2 ::3 192.0.2.1":       "::1 192.0.2.1 ::2 ::3",
	} {
		if got := fmt.Sprint(takeTurns(addrs(t, in))); got != "["+want+"]" {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	for _, c := range []struct {
		host  string
		local netip.Addr
		want  string // "": an error
	}{
		{"192.0.2.7", netip.Addr{}, "[192.0.2.7]"},
		{"::ffff:192.0.2.7", four, "[192.0.2.7]"},
		{"fe80::1%eth0", six, "[fe80::1%eth0]"},
		{"192.0.2.7", six, ""},
		{"2001:db8::7", four, ""},
		{"localhost", four, "[127.0.0.1]"},
		{"no-such-host.invalid", netip.Addr{}, ""},
	} {
		got, err := Resolve(t.Context(), c.host, c.local)
		if c.want == "" {
			if err == nil || len(got) > 0 {
				t.Errorf("%s from %v: %v, %v", c.host, c.local, got, err)
			}
			continue
		}
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s from %v: %v, %v, want %s", c.host, c.local, got, err, c.want)
		}
	}
}
