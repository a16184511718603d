package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/netio"
)

// TestLinkWithoutCPU: a link at which nothing came in names no CPU, and one that is up the one that the kernel tells of.
func TestLinkWithoutCPU(t *testing.T) {
	for state, want := range map[observe.State]int{
		observe.StateDialling: -1, observe.StateDown: -1, observe.StateUp: 1, observe.StateStalled: 1,
	} {
		l := observe.LinkStatus{State: state}
		if want >= 0 {
			l.Kernel = netio.Info{CPU: want}
		}
		if got := linkOf(l, time.Now()).CPU; got != want {
			t.Errorf("%v: CPU %d, want %d", state, got, want)
		}
	}
}

// TestOrderOfStreams: streams are told of in the order of their numbers, whichever has its ends first, and one with two ends is one.
func TestOrderOfStreams(t *testing.T) {
	var s staying
	for _, n := range []int{3, 1, 2} {
		s.join([]*side{{number: n, name: "rx"}, {number: n, name: "tx"}})
	}
	var got []string
	for _, one := range s.sides {
		got = append(got, fmt.Sprint(one.number, " ", one.name))
	}
	if want := []string{"1 rx", "1 tx", "2 rx", "2 tx", "3 rx", "3 tx"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if n := streamsOf(s.sides); n != 3 {
		t.Errorf("%d streams, want 3", n)
	}
}
