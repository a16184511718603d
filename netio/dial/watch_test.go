package dial

import (
	"context"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"viamillipede/netio/lab"
)

// elsewhere runs f at the sender's host, and gives its error on a channel.
func elsewhere(l *lab.Lab, f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- l.Visit(lab.TX, f) }()
	return done
}

// Every change is told, those that came while the last one was being told as one, and a storm of them does not end it.
func TestWatchNetwork(t *testing.T) {
	l := lab.New(t, lab.Config{})
	before := descriptors(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told, proceed := make(chan struct{}), make(chan struct{})
	over := elsewhere(l, func() error {
		return WatchNetwork(ctx, func() {
			told <- struct{}{}
			<-proceed
		})
	})
	set := func(times int) {
		t.Helper()
		err := <-elsewhere(l, func() error {
			lo, err := netlink.LinkByName("lo")
			if err != nil {
				return err
			}
			for range times {
				if err := netlink.LinkSetUp(lo); err != nil {
					return err
				}
				if err := netlink.LinkSetDown(lo); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	wait := func(what string) {
		t.Helper()
		select {
		case <-told:
		case err := <-over:
			t.Fatalf("%s: the watch ended: %v", what, err)
		case <-time.After(patience):
			t.Fatalf("%s: not told", what)
		}
	}
	// The subscription is made at some time: the change is made again until it is heard.
	for heard := false; !heard; {
		set(1)
		select {
		case <-told:
			heard = true
		case err := <-over:
			t.Fatalf("the watch ended: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	set(200)
	proceed <- struct{}{}
	wait("a storm")
	proceed <- struct{}{}
	select {
	case <-told:
		t.Error("a storm was told twice")
		proceed <- struct{}{}
	case <-time.After(50 * time.Millisecond):
	}
	set(1)
	wait("a change after the storm")
	cancel()
	proceed <- struct{}{}
	if err := <-over; err != nil {
		t.Errorf("after its end: %v", err)
	}
	if now := descriptors(t); now != before {
		t.Errorf("%d descriptors, were %d", now, before)
	}
}
