package engine

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// Levels of the "verbose" keyword; a message is printed when its level is at most the one in force.
const (
	LevelError   = 0  // errors, strangers, and what a stream without a link waits for
	LevelSummary = 1  // the final summary
	LevelLinks   = 2  // links up and down
	LevelChoices = 3  // choices made, and why
	LevelResent  = 5  // legs lost and resent
	LevelLegs    = 10 // every leg
	LevelCalls   = 20 // every system call result
	levelMost    = LevelCalls
)

// Log writes lines for the user, to stderr in the program. All methods may be called from any goroutine.
type Log struct {
	level atomic.Int32

	mu     sync.Mutex
	out    io.Writer
	prefix string
}

// NewLog returns a log that writes to out, each line after prefix. out must not make anybody wait: lines are written by the
// threads that move the stream.
func NewLog(out io.Writer, prefix string, level int) *Log {
	l := &Log{out: out, prefix: prefix}
	l.level.Store(int32(level))
	return l
}

// On reports whether messages of the level are printed; callers on the data path ask before they format.
func (l *Log) On(level int) bool { return int32(level) <= l.level.Load() }

// Printf prints one line when level is on.
func (l *Log) Printf(level int, format string, args ...any) {
	if !l.On(level) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, l.prefix+format+"\n", args...)
}

// Raise sets the level one higher, from the highest to 0, and returns it.
func (l *Log) Raise() int {
	for {
		was := l.level.Load()
		now := (was + 1) % (levelMost + 1)
		if l.level.CompareAndSwap(was, now) {
			return int(now)
		}
	}
}
