package ingest

import (
	"fmt"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/parties"
	"viamillipede/engine/sidechain"
	"viamillipede/netio"
)

// Config says what the stream is made of, and what its legs are to be. Each field that Options has too is the same here.
type Config struct {
	Source   int    // file descriptor; stays open; ignored with PRBS or Blank
	Name     string // of the source, for people
	PRBS     bool
	Seed     uint64
	Blank    bool
	Checksum bool
	Chain    sidechain.Chain // that legs are coded by; empty: they are not
	Charmode bool
	Sealed   bool // the links are
	IO       string
	LegLimit int64
	Delay    time.Duration
	Limit    uint64
	Size     int64
	Lasts    time.Duration
	Pipes    int                           // for legs by reference, at most; 0: none can be opened
	Prove    func() (stream.Prover, error) // nil: the kernel's prover
	Observer observe.Observer
	Trace    netio.Tracer
	Producer parties.Producer      // nil: nobody says whether what was read is all
	Screen   parties.Screen        // nil: the source is no terminal
	Over     <-chan struct{}       // closed when the stream has ended
	Granted  func()                // MayEnd may report true now, or a Pull may bring a leg; any goroutine calls it
	Refused  func(error)           // the producer says that the stream is not whole, or it cannot be coded, or opened; likewise
	Freed    func()                // no call on the source is stuck any more; on any loop's thread
	Lapses   func() (lasts func()) // see loop.Shore
}

// Open opens the source and decides how legs leave it. Errors: why standard input cannot be used.
func (in *Intake) Open(c Config) (err error) {
	if in.Source, err = in.openSource(c); err != nil {
		return err
	}
	in.name = c.Name
	in.assent.open(c)
	in.openCoding(c)
	in.screen.of = c.Screen
	in.opening.opener, _ = c.Producer.(parties.Opener)
	in.checksum, in.gather, in.observer = c.Checksum, !c.Charmode, c.Observer
	in.Shore.Freed, in.Shore.Lapses = c.Freed, c.Lapses
	in.bounds = bounds{limit: c.LegLimit, delay: c.Delay, lasts: c.Lasts, begun: time.Now()}
	in.bounds.rate.Store(c.Limit)
	in.hinted = c.Size
	in.blank = c.Blank && !c.PRBS
	in.why = whyCopy(in.Source, c)
	in.extent.measure(in.Source, in.why == nil || in.why == observe.ErrCharmode)
	in.referral.open(in.why == nil && in.Source.Splices(), c)
	return nil
}

// Close gives back what it holds, once no loop runs.
func (in *Intake) Close() {
	in.coding.close()
	in.referral.close()
	in.ahead.release()
	in.opening.close()
	in.assent.close()
	in.Agreement.Close(func() { _ = in.Source.Close() })
}

// whyCopy is why legs must be read; nil if they may go by reference.
func whyCopy(src *netio.Source, c Config) error {
	_, _, file := src.Extent()
	switch {
	case c.IO == "copy":
		return observe.ErrAsked
	case c.Sealed:
		return observe.ErrSealed
	case c.Checksum:
		return observe.ErrChecksum
	case !c.Chain.IsEmpty():
		return observe.ErrCoded
	case c.Charmode:
		return observe.ErrCharmode
	case !file && !src.Splices():
		return fmt.Errorf("%s is a %v", c.Name, src)
	}
	return nil
}
