package words

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"viamillipede/engine/observe"
)

// Log writes lines for the user; the program has it write to standard error. It is an observe.Observer. All methods may be
// called from any goroutine.
type Log struct {
	level atomic.Int32

	mu     sync.Mutex
	out    io.Writer
	prefix string
}

// Ranked is an io.Writer that wants to know how much a user has to want to know to be told.
type Ranked interface {
	SayAt(level observe.Level, lines string)
}

// NewLog returns a log that writes to out, each line after prefix. out must never block: the threads that move the stream
// write the lines.
func NewLog(out io.Writer, prefix string, level observe.Level) *Log {
	l := &Log{out: out, prefix: prefix}
	l.level.Store(int32(level))
	return l
}

// Enabled reports whether messages of the level are printed.
func (l *Log) Enabled(level observe.Level) bool { return int32(level) <= l.level.Load() }

// Observe prints an event if words has a line for it, whatever its level.
func (l *Log) Observe(e observe.Event) {
	if text := Event(e); text != "" {
		l.print(observe.LevelOf(e), text)
	}
}

// Printf prints one line if level is enabled.
func (l *Log) Printf(level observe.Level, format string, args ...any) {
	if l.Enabled(level) {
		l.print(level, fmt.Sprintf(format, args...))
	}
}

func (l *Log) print(level observe.Level, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if to, ok := l.out.(Ranked); ok {
		to.SayAt(level, l.prefix+text+"\n")
		return
	}
	_, _ = io.WriteString(l.out, l.prefix+text+"\n")
}

// Level is the highest level that is printed.
func (l *Log) Level() observe.Level { return observe.Level(l.level.Load()) }

// Set changes it.
func (l *Log) Set(to observe.Level) (was observe.Level) {
	return observe.Level(l.level.Swap(int32(to)))
}

// Raise raises the level by one, or from the highest to 0, and returns it.
func (l *Log) Raise() int {
	for {
		was := l.level.Load()
		now := (was + 1) % (int32(observe.LevelCalls) + 1)
		if l.level.CompareAndSwap(was, now) {
			return int(now)
		}
	}
}
