package far

import (
	"bufio"
	"io"
	"os"
	"sync"
	"time"

	"viamillipede/engine"
)

// contact is whether the two ends have a link, for each stream between them. Any goroutine may call Await, Met and Parted, and one at a time
// the other methods.
type contact struct {
	news chan struct{} // something has changed

	mu      sync.Mutex
	streams map[string]bool // by their names here: whether there is a link, or was when the stream came. Guarded by mu
	ever    bool            // there has been a link; guarded by mu
}

func newContact() *contact {
	return &contact{news: make(chan struct{}, 1), streams: map[string]bool{}}
}

// Await notes that there is a stream, which has no link yet.
func (c *contact) Await(stream string) { c.note(stream, false) }

// Met notes that a link is up.
func (c *contact) Met(stream string) { c.note(stream, true) }

// Parted notes that the last link has ended, before anything of the stream had come: nobody is waited for as a peer.
func (c *contact) Parted(stream string) { c.note(stream, false) }

func (c *contact) note(stream string, met bool) {
	c.mu.Lock()
	c.streams[stream] = met
	c.ever = c.ever || met
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// met reports whether there has ever been a link, and whether no stream is without one.
func (c *contact) met() (ever, all bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, met := range c.streams {
		if !met {
			return c.ever, false
		}
	}
	return c.ever, true
}

// within waits for a first link, for a time, or until stop is closed. It reports whether there was one.
func (c *contact) within(most time.Duration, stop <-chan struct{}) bool {
	late := time.NewTimer(most)
	defer late.Stop()
	for {
		if ever, _ := c.met(); ever {
			return true
		}
		select {
		case <-c.news:
		case <-late.C:
			return false
		case <-stop:
			return false
		}
	}
}

// apart returns when a stream has had no link for a time: the first where there never was one, the other where the two have parted, or have
// one of another stream.
func (c *contact) apart(never, parted time.Duration) {
	for {
		ever, all := c.met()
		var late <-chan time.Time
		switch {
		case !ever:
			late = time.After(never)
		case !all:
			late = time.After(parted)
		}
		select {
		case <-c.news:
		case <-late:
			return
		}
	}
}

// channel is the way over ssh to the near end, while the far end has its stream.
type channel struct {
	in      *bufio.Reader // nothing comes any more, but an end
	hearing sync.Once
	ended   chan struct{} // closed at that; nil: nobody has asked
	*contact

	theirs *os.File      // what the programs of this end say goes there; nil: it has not been asked for
	passed chan struct{} // closed when all of it is passed on
}

// Watch calls lost, on another goroutine, when there is nobody to wait for: there is no link in time; or ssh has ended, and no link is up, nor
// ever was while the stream came. The error is an *engine.Error.
func (c *channel) Watch(lost func(error)) {
	ended := c.Ended()
	go func() {
		c.within(contactWithin, ended)
		if ever, _ := c.met(); ever {
			<-ended
		}
		c.apart(linkWithin, returnWithin)
		lost(&engine.Error{Status: engine.StatusLost, Reason: "the other end has gone, or cannot make a link"})
	}()
}

// Ended is closed when ssh has ended, or the near end.
func (c *channel) Ended() <-chan struct{} {
	c.hearing.Do(func() {
		c.ended = make(chan struct{})
		go func() {
			_, _ = io.Copy(io.Discard, c.in)
			close(c.ended)
		}()
	})
	return c.ended
}

// Explain is why the stream has failed: what err says. The near end knows no more.
func (c *channel) Explain(err error, _ bool) error { return err }

// Voice is a descriptor for what the programs of this end say on standard error. It is passed on for as long as ssh is there, and is lost
// after that: without it, the first word that a program says then would end it (SIGPIPE), and the stream with it. It stays open until End.
func (c *channel) Voice(to io.Writer) (fd uintptr, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	c.theirs, c.passed = w, make(chan struct{})
	go func() {
		defer close(c.passed)
		defer r.Close()
		if _, err := io.Copy(to, r); err != nil {
			_, _ = io.Copy(io.Discard, r)
		}
	}()
	return w.Fd(), nil
}

// End passes on what programs have said last. What they have left behind may still speak, and is not waited for.
func (c *channel) End() {
	if c.theirs == nil {
		return
	}
	c.theirs.Close()
	select {
	case <-c.passed:
	case <-time.After(wordsWithin):
	}
}
