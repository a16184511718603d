package far

import (
	"bufio"
	"io"
	"os"
	"sync"
	"time"

	"viamillipede/engine"
)

// contact is whether the two ends have met: a link was up.
type contact struct {
	once sync.Once
	up   chan struct{} // closed once it was
}

func newContact() contact { return contact{up: make(chan struct{})} }

// Met notes that a link is up: from now on the stream does without ssh. Any goroutine may call it.
func (c *contact) Met() { c.once.Do(func() { close(c.up) }) }

// soon reports whether the two have met, or do so in a moment.
func (c *contact) soon() bool {
	late := time.NewTimer(linkWithin)
	defer late.Stop()
	select {
	case <-c.up:
		return true
	case <-late.C:
		return false
	}
}

// channel is the way over ssh to the near end, while the far end has its stream.
type channel struct {
	in *bufio.Reader // nothing comes any more, but an end
	contact

	theirs *os.File      // what the programs of this end say goes there; nil: it has not been asked for
	passed chan struct{} // closed when all of it is passed on
}

// Watch calls lost, on another goroutine, if the near end goes before a link is up. The error is an *engine.Error.
func (c *channel) Watch(lost func(error)) {
	go func() {
		_, _ = io.Copy(io.Discard, c.in)
		if !c.soon() {
			lost(&engine.Error{Status: engine.StatusLost, Reason: "the other end has gone before a link was up"})
		}
	}()
}

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
