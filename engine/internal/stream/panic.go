package stream

import (
	"errors"
	"runtime/debug"
	"slices"
	"time"

	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/netio"
)

// A fault in this program (a panic) ends one stream, not the process. The thread or goroutine that panicked ends there, and the
// stream fails with StatusInternal like with any other status: the peer is told, files end with what was delivered, and a second
// stream in the process goes on. What the goroutine was working on stays as it is: nobody waits for it.

// ErrFault is the error of an attempt that a fault interrupted.
var ErrFault = errors.New("a fault in the program")

// Caught handles a panic of the goroutine that defers it, if there is one; where says what was at work.
func Caught(where string, to observe.Observer, end func(*Error)) {
	if p := recover(); p != nil {
		end(Faulted(where, p, to))
	}
}

// Faulted makes the error of a stream in which p occurred, and reports where.
func Faulted(where string, p any, to observe.Observer) *Error {
	observe.Tell(to, observe.Fault{Where: where, Panic: p, Stack: debug.Stack()})
	return Fail(StatusInternal, nil, "a fault in the program: %s: %v", where, p)
}

// sendAll sends as much of p as the connection takes now.
func sendAll(c Conn, p []byte) {
	for len(p) > 0 {
		n, err := c.Send(p, nil)
		if err != nil {
			return
		}
		p = p[n:]
	}
}

// SpeakFor says the last words on the connections of a loop that broke, whose thread has ended. It closes them when the peer has
// done so, or after Timing.Farewell. The words go between two frames, unless a control frame was only partly sent.
func (l *Life) SpeakFor(at *loop.Loop, conns []Conn) {
	words := l.lastWords()
	for _, c := range conns {
		sendAll(c, words)
		c.Finish()
	}
	waste := make([]byte, 64<<10)
	for end := time.Now().Add(l.time.Farewell); len(conns) > 0; {
		conns = slices.DeleteFunc(conns, func(c Conn) bool {
			_, err := c.Recv(waste, nil)
			if err == nil || err == netio.ErrAgain {
				return false
			}
			c.Close()
			return true
		})
		if !time.Now().Before(end) {
			break
		}
		at.Await(time.Millisecond)
	}
	for _, c := range conns {
		c.Close()
	}
}
