package engine

// Level is how much somebody wants to know: an event is of interest where its level is at most that. The numbers are those of the
// keyword "verbose".
type Level int

// The levels.
const (
	LevelError   Level = 0  // errors, strangers, and what a stream without a link waits for
	LevelSummary Level = 1  // the final summary
	LevelLinks   Level = 2  // links up and down
	LevelChoices Level = 3  // choices made, and why
	LevelResent  Level = 5  // legs lost and resent
	LevelLegs    Level = 10 // every leg
	LevelCalls   Level = 20 // every system call result
)

// Observer hears what happens to a stream, when it happens: the time of an event is that of the call. As a log/slog.Handler it is asked
// first, so that an event that nobody wants costs one call and is not made. Any goroutine of the stream may call it, several at the same
// time, and threads that move bytes do: it must not wait for anything, nor call the stream.
type Observer interface {
	Enabled(Level) bool
	Observe(Event)
}

// Event is one of the types of events_*.go, as a value. What a slice or a pointer in it leads to does not change any more.
type Event interface{ level() Level }

// LevelOf is the level of an event.
func LevelOf(e Event) Level { return e.level() }

// tell has the observer hear of an event; nil is nobody. It is generic so that an event is only put into an interface, on the heap, for
// somebody who wants to hear of it.
func tell[E Event](to Observer, e E) {
	if to != nil && to.Enabled(e.level()) {
		to.Observe(e)
	}
}

// listens reports whether events of the level are of interest; who asks spares the making of one that is dear.
func listens(to Observer, at Level) bool { return to != nil && to.Enabled(at) }
