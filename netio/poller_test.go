package netio

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// lockedThread ties the test to its thread for as long as the test runs.
func lockedThread(t *testing.T) int {
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	return unix.Gettid()
}

func poller(t *testing.T) *Poller {
	t.Helper()
	p, err := NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// tokens waits and gives the tokens that are ready.
func tokens(t *testing.T, p *Poller, timeout int) map[int32]uint32 {
	t.Helper()
	events, err := p.Wait(timeout)
	if err != nil {
		t.Fatal(err)
	}
	got := map[int32]uint32{}
	for _, e := range events {
		got[e.Token] = e.Ready
	}
	return got
}

func TestPoller(t *testing.T) {
	p := poller(t)
	r, w := pair(t, "pipe")
	if err := p.Add(r, Readable, 7); err != nil {
		t.Fatal(err)
	}
	if err := p.Add(w, 0, 8); err != nil {
		t.Fatal(err)
	}
	if got := tokens(t, p, 0); len(got) != 0 {
		t.Errorf("%v of nothing", got)
	}
	unix.Write(w, []byte("x"))
	for range 2 { // it stays readable
		if got := tokens(t, p, 1000); len(got) != 1 || got[7]&Readable == 0 {
			t.Errorf("%v, want 7 readable", got)
		}
	}
	p.Modify(r, Readable|Once, 9)
	if got := tokens(t, p, 1000); got[9]&Readable == 0 {
		t.Errorf("%v, want 9 readable", got)
	}
	if got := tokens(t, p, 0); len(got) != 0 {
		t.Errorf("%v, once more", got)
	}
	p.Modify(r, Readable|Edge, 7)
	if got := tokens(t, p, 1000); got[7]&Readable == 0 {
		t.Errorf("%v, want 7 readable", got)
	}
	if got := tokens(t, p, 0); len(got) != 0 {
		t.Errorf("%v without an edge", got)
	}
	p.Remove(r)
	unix.Close(r)
	if got := tokens(t, p, 1000); len(got) != 1 || got[8]&Failed == 0 {
		t.Errorf("%v, want 8 failed, which was not asked for", got)
	}
	if err := p.Remove(r); err == nil {
		t.Error("removed twice")
	}
}

// A signal ends a wait early and is no error; what is ready is found all the same.
func TestPollerThroughSignals(t *testing.T) {
	p := poller(t)
	r, w := pair(t, "pipe")
	p.Add(r, Readable, 1)
	stop := storm(t)
	for range 50 {
		if got := tokens(t, p, 1); len(got) != 0 {
			t.Fatalf("%v of nothing", got)
		}
	}
	unix.Write(w, []byte("x"))
	for deadline := time.Now().Add(patience); ; {
		if got := tokens(t, p, 1000); got[1]&Readable != 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("readiness is lost")
		}
	}
	stop()
}

func TestWake(t *testing.T) {
	p := poller(t)
	k, err := NewWake()
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	p.Add(k.FD(), Readable, 3)
	if got := tokens(t, p, 0); len(got) != 0 {
		t.Errorf("%v before a signal", got)
	}
	for range 3 {
		k.Signal()
	}
	if got := tokens(t, p, 1000); got[3]&Readable == 0 {
		t.Errorf("%v after a signal", got)
	}
	k.Clear()
	k.Clear() // nothing to clear
	if got := tokens(t, p, 0); len(got) != 0 {
		t.Errorf("%v after Clear", got)
	}
	go k.Signal()
	for deadline := time.Now().Add(patience); len(tokens(t, p, 1000)) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("not woken")
		}
	}
}

// After a read that brought less than it had room for, nothing has to be read again before the next event: an end of the peer's side
// is reported, beside the data that came with it or on its own.
func TestPollerReportsTheEnd(t *testing.T) {
	for _, together := range []bool{true, false} {
		p := poller(t)
		c, peer := connected(t, nil)
		if err := p.Add(c.FD(), Readable|Writable|Ended|Edge, 7); err != nil {
			t.Fatal(err)
		}
		tokens(t, p, 1000) // it is writable
		if n, err := peer.Write([]byte("x")); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if together {
			peer.CloseWrite()
		}
		seen := awaitEvents(t, p, Readable)
		if n, err := c.Recv(make([]byte, 8), nil); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if !together {
			peer.CloseWrite()
		}
		if seen&Ended == 0 && awaitEvents(t, p, Ended)&Ended == 0 {
			t.Errorf("together %v: the end was not reported", together)
		}
	}
}

// awaitEvents waits until one of the events is there, and returns it with those that came with it.
func awaitEvents(t *testing.T, p *Poller, events uint32) (seen uint32) {
	t.Helper()
	for range 10 {
		if seen |= tokens(t, p, 1000)[7]; seen&events != 0 {
			break
		}
	}
	return seen
}
