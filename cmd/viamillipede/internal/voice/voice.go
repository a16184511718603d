// Package voice writes messages, for people or programs, to a descriptor that may block: a terminal stopped with ^S, or a pipe
// that nobody reads. Whoever has something to say never waits for it. On a terminal it may show lines below what is written.
//
//	voice.go  messages
//	file.go   where they may go by name
//	foot.go   the lines below them
package voice

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// keptMost bounds the text that waits to be written, in bytes: several status tables, and more lines than anybody
	// reads at once.
	keptMost = 256 << 10
	// together is how many bytes of waiting text are written in one call: what a pipe takes atomically (PIPE_BUF,
	// pipe(7)), so that lines of other programs come between ours and not into them.
	together = 4 << 10
)

// Voice writes text in order, on a goroutine that exists only while something waits. When too much waits, it drops the
// oldest text, so that the last words, which say how it all ended, are never lost; a line in its place says how many
// lines are missing. Any goroutine may use it.
type Voice struct {
	missing func(lines int) string // see NewFor
	failed  func(error)            // likewise
	fault   sync.Once              // calls it

	out    io.Writer  // for the goroutine that speaks
	before []*os.File // what out was earlier, see reopen; likewise

	mu       sync.Mutex
	waiting  [][]byte      // each as given to Write; guarded by mu, as is everything below
	kept     int           // bytes in waiting
	dropped  int           // lines dropped before those
	speaking chan struct{} // closed when everything is written; nil if it is
	foot
}

// New makes a voice that writes to out; the line about missing lines begins with prefix.
func New(out io.Writer, prefix string) *Voice {
	return NewFor(out, func(lines int) string {
		return fmt.Sprintf("%s%d lines are missing here: standard error took nothing\n", prefix, lines)
	}, nil)
}

// NewFor makes a voice that writes to out. missing makes the line that says how many lines are missing where it stands, with its
// newline; it must not call the voice. failed, unless it is nil, is called once, on another goroutine, when something cannot be written.
func NewFor(out io.Writer, missing func(lines int) string, failed func(error)) *Voice {
	return &Voice{out: out, missing: missing, failed: failed}
}

// Write takes whole lines and writes them in one call, with nothing of ours in between. It never waits and never fails; p
// is the caller's again on return.
func (v *Voice) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waiting = append(v.waiting, bytes.Clone(p))
	v.kept += len(p)
	for v.kept > keptMost && len(v.waiting) > 1 {
		v.drop()
	}
	v.begin()
	return len(p), nil
}

// begin has the goroutine speak, unless it does; call it under mu.
func (v *Voice) begin() {
	if v.speaking == nil {
		v.speaking = make(chan struct{})
		go v.speak()
	}
}

// drop discards the oldest waiting text; call it under mu.
func (v *Voice) drop() {
	v.dropped += bytes.Count(v.waiting[0], []byte{'\n'})
	v.kept -= len(v.waiting[0])
	v.waiting[0] = nil
	v.waiting = v.waiting[1:]
}

// Flush returns when everything passed to Write before is written, or after the given time.
func (v *Voice) Flush(atMost time.Duration) {
	v.mu.Lock()
	speaking := v.speaking
	v.mu.Unlock()
	if speaking == nil {
		return
	}
	late := time.NewTimer(atMost)
	defer late.Stop()
	select {
	case <-speaking:
	case <-late.C:
	}
}

// speak writes until nothing waits.
func (v *Voice) speak() {
	for text := v.next(); text != nil; text = v.next() {
		v.put(text)
	}
}

// next takes what to write in one call; nil ends the goroutine.
func (v *Voice) next() []byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	if text := v.around(v.take()); text != nil {
		return text
	}
	close(v.speaking)
	v.speaking, v.waiting = nil, nil
	return nil
}

// take takes the text of one call, nil: nothing waits. Call it under mu.
func (v *Voice) take() []byte {
	var text []byte
	if v.dropped > 0 {
		text = []byte(v.missing(v.dropped))
		v.dropped = 0
	}
	for len(v.waiting) > 0 && (len(text) == 0 || len(text)+len(v.waiting[0]) <= together) {
		text = append(text, v.waiting[0]...)
		v.kept -= len(v.waiting[0])
		v.waiting = v.waiting[1:]
	}
	return text
}

// put writes all of p, however long that takes.
func (v *Voice) put(p []byte) {
	for len(p) > 0 {
		n, err := v.out.Write(p)
		p = p[n:]
		if err != nil && (!errors.Is(err, syscall.EAGAIN) || !v.reopen()) {
			if v.failed != nil {
				v.fault.Do(func() { v.failed(err) })
			}
			return
		}
	}
}

// reopensMost bounds how often reopen is tried.
const reopensMost = 4

// reopen handles a descriptor whose open file description another program has made non-blocking (O_NONBLOCK, open(2))
// since we got it: Go waits for such a descriptor only if it knows that it is non-blocking. The old os.File is kept,
// since its finalizer would close the descriptor.
func (v *Voice) reopen() bool {
	f, ok := v.out.(*os.File)
	if !ok || len(v.before) == reopensMost {
		return false
	}
	anew := os.NewFile(f.Fd(), f.Name())
	if anew == nil {
		return false
	}
	v.before = append(v.before, f)
	v.out = anew
	return true
}
