package engine

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
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
	var said bytes.Buffer
	var d doorman
	log := NewLog(&said, "", 0)
	busy := errors.New("another sender")
	for i := range 24 {
		d.refuse(log, &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 40000 + i}, busy)
		d.refuse(log, &net.TCPAddr{IP: net.IP{0x20, 1, 0xd, 0xb8, 15: byte(i)}, Port: 40000}, errUnsaid)
	}
	if want := "refused 198.51.100.7:40000: another sender\nrefused [2001:db8::]:40000: closed without a word\n"; said.String() != want {
		t.Fatalf("said\n%swant\n%s", &said, want)
	}
	said.Reset()
	now := time.Now()
	for _, c := range []struct {
		after time.Duration
		more  int // connections meanwhile
		want  string
	}{
		{0, 0, ""},
		{59 * time.Second, 0, ""},
		{time.Minute, 0, "refused 46 more connections: 23 from 198.51.100.7 (the last: another sender), " +
			"23 from 2001:db8::/64 (the last: closed without a word)\n"},
		{2 * time.Minute, 1, ""},
		{3 * time.Minute, 0, "refused 1 more connection: 1 from 198.51.100.7 (the last: another sender)\n"},
		{10 * time.Minute, 0, ""},
	} {
		for range c.more {
			d.refuse(log, &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 1}, busy)
		}
		d.report(log, now.Add(c.after), time.Minute)
		if said.String() != c.want {
			t.Errorf("after %v: said %q, want %q", c.after, &said, c.want)
		}
		said.Reset()
	}
	if d.count() != 49 {
		t.Errorf("%d connections, want 49", d.count())
	}
}

// However many hosts come, what is remembered and what is said is bounded.
func TestManyStrangers(t *testing.T) {
	var said bytes.Buffer
	var d doorman
	log := NewLog(&said, "", 0)
	for i := range 4 * strangersMost {
		d.refuse(log, &net.TCPAddr{IP: net.IPv4(10, 0, byte(i>>8), byte(i)), Port: 1}, errUnsaid)
	}
	if n := strings.Count(said.String(), "\n"); n != strangerLines {
		t.Errorf("%d lines, want %d", n, strangerLines)
	}
	if len(d.hosts) > strangersMost {
		t.Errorf("%d hosts are remembered, want at most %d", len(d.hosts), strangersMost)
	}
	said.Reset()
	now := time.Now()
	d.report(log, now, time.Minute)
	d.report(log, now.Add(time.Minute), time.Minute)
	if got := said.String(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, fmt.Sprintf("refused %d more connections: ", 4*strangersMost-strangerLines)) {
		t.Errorf("said %q", got)
	}
}
