package course

import (
	"math"
	"sync/atomic"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/ways"
	"viamillipede/engine/window"
)

// Fleet is what the links of a stream have in common. Its owner sets what is exported, all but Most before there is a link.
type Fleet struct {
	Life     *stream.Life
	Sender   Sender
	Window   *window.Window // made on the first welcome; nil before
	Credit   uint64         // legs that the receiver accepts beyond those it has delivered; set with Window
	Most     int            // bytes of a leg, at most; what the receiver takes, once it is met
	Observer observe.Observer
	Alike    bool            // legs are coded, and all links are of one path
	Time     schedule.Timing // long enough to keep what is above out of the cache lines of what all loops write

	allowed atomic.Int64  // bytes that the links together justify keeping; see Link.Measure
	legs    atomic.Int64  // legs per second that all links together can send, in thousandths; see Link.Publish
	lately  atomic.Uint64 // recent legs per second of the stream, the bits of a float64
	legTime atomic.Int64  // how long sending a leg should keep its link busy, in nanoseconds; see SetLegTime
	trip    atomic.Int64  // see Trip
	largest atomic.Int64  // bytes of the largest leg that has arrived, where links are alike
	moved   atomic.Int64  // when payload last moved, in nanoseconds since the stream began; see Move
	hoped   atomic.Int64  // likewise, when payload last seemed to move
}

// Sender is what a link asks of its stream, now and then and never for each leg.
type Sender interface {
	Ended() bool              // the source has
	Others(p *ways.Path) bool // a link of another path is up
	Feed()                    // wakes the loops that wait for a leg
}

// SetLegTime decides how long sending a leg should keep its link busy, where there should be so many links by these paths.
func (f *Fleet) SetLegTime(links int, paths []*ways.Path) {
	longest := int64(0)
	for _, p := range paths {
		longest = max(longest, p.Trip.Load())
	}
	f.trip.Store(longest)
	f.legTime.Store(int64(schedule.TimeOfLeg(links, f.Credit, time.Duration(longest))))
}

// Trip is the round trip of the longest path, without its queue. Any goroutine may call it.
func (f *Fleet) Trip() time.Duration { return time.Duration(f.trip.Load()) }

// flow notes the stream's recent legs per second.
func (f *Fleet) flow(legs float64) { f.lately.Store(math.Float64bits(legs)) }

func (f *Fleet) legsLately() float64 { return math.Float64frombits(f.lately.Load()) }

// MovedAt is when payload last moved. Any goroutine may call it, as it may the next two.
func (f *Fleet) MovedAt() time.Time { return f.Life.Started.Add(time.Duration(f.moved.Load())) }

// HopedAt is when payload last seemed to move.
func (f *Fleet) HopedAt() time.Time { return f.Life.Started.Add(time.Duration(f.hoped.Load())) }

// Move notes that payload moved: the receiver has more of it. See Link.SeemsToMove for what else counts.
func (f *Fleet) Move(now time.Time) { f.moved.Store(int64(now.Sub(f.Life.Started))) }
