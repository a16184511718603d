// Package tune is what the user may change of an end of a stream while it runs. It asks those whom it concerns, each of whom sees to it in his
// own time and on his own thread; what has changed by the time that a call returns is what they will do from now on.
package tune

import (
	"errors"
	"fmt"
	"time"
)

// Why a setting cannot be changed.
var (
	ErrNoPath   = errors.New("there is no such path")
	ErrLastPath = errors.New("it is the last path that is on")
)

// TooMany is why there cannot be so many links: both ends have planned for no more when the stream began.
type TooMany struct{ Most int }

func (e TooMany) Error() string {
	return fmt.Sprintf("expected 1 to %d: the stream was begun with so many links", e.Most)
}

// Roads are the paths and links of an end that dials.
type Roads interface {
	// Settings are those of each path, by its order.
	Settings() []PathSettings
	// Wanted is how many links there should be, if there are paths for them; 0: as many as raise the rate.
	Wanted() int
	// Links is how many there may be at most: so many were planned.
	Links() int
	// SetLinks has there be so many, and at least one on each path that is on; was is as of Wanted. Errors: TooMany.
	SetLinks(n int) (was int, err error)
	// SetRate bounds what the links of a path send together, in bytes a second; 0: nothing does. Errors: ErrNoPath, as for the next two.
	SetRate(path int, rate uint64) (was uint64, err error)
	// SetSpill changes the spill of a path.
	SetSpill(path int, spill time.Duration) (was time.Duration, err error)
	// SetOn has links by a path, or no longer: those that are there end without loss. Errors: ErrLastPath too.
	SetOn(path int, on bool) (was bool, err error)
}

// PathSettings are those of one path that may be changed.
type PathSettings struct {
	Name  string
	Rate  uint64 // bytes a second; 0: no limit
	Spill time.Duration
	On    bool
}

// Source is what an end that sends reads.
type Source interface {
	// Limit is the most that is read for the links, in bytes a second; 0: there is no limit.
	Limit() uint64
	// SetLimit changes it.
	SetLimit(rate uint64) (was uint64)
}

// Life is the course of a stream.
type Life interface {
	// Giveup is how long the stream waits while nothing gets through; negative: for ever.
	Giveup() time.Duration
	// SetGiveup changes it.
	SetGiveup(d time.Duration) (was time.Duration)
}

// End is an end of a stream, as far as it can be tuned. Any goroutine may call the methods of what it has, at any time.
type End struct {
	Life
	Roads  Roads  // nil: it listens
	Source Source // nil: it receives
}
