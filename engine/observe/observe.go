// Package observe has what a stream shows of itself, as data: events for an Observer, a Snapshot of how it stands, and a Summary of what
// it did. The engine fills them in; cmd turns them into words.
//
//	observe.go           who is told, and what they want to know
//	events_links.go      events: links, paths, legs
//	events_stream.go     events of the whole stream: outages, strangers, its ends
//	events_choices.go    events: what was chosen, and why
//	snapshot.go          how a stream stands
//	summary.go           what it did
//	plane.go             how its bytes travel
//
// It is a leaf: it knows neither an end of a stream nor why one fails. An event carries a cause as an error, and whoever wants more of
// it asks with errors.As.
package observe

// Level is how much somebody wants to know: they hear of events whose level is at most theirs. The numbers are those of the keyword
// "verbose".
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

// Observer hears what happens to a stream, when it happens: the time of an event is that of the call. Like a log/slog.Handler, it is
// asked first, so that an event that nobody wants costs one call and is never made. Any goroutine of the stream may call it, several
// at once, and among them threads that move bytes: it must not wait for anything, nor call the stream.
type Observer interface {
	Enabled(Level) bool
	Observe(Event)
}

// Event is a value of one of the types in events_*.go. What a slice or a pointer in it refers to never changes afterwards.
type Event interface{ level() Level }

// LevelOf is the level of an event.
func LevelOf(e Event) Level { return e.level() }

// Tell passes an event to the observer; nil is nobody. It is generic so that the event is put into an interface, on the heap, only if
// somebody wants to hear of it.
func Tell[E Event](to Observer, e E) {
	if to != nil && to.Enabled(e.level()) {
		to.Observe(e)
	}
}

// Listens reports whether events of the level are wanted, so that the caller need not make an expensive one in vain.
func Listens(to Observer, at Level) bool { return to != nil && to.Enabled(at) }
