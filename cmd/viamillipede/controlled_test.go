package main

import (
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
