package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"viamillipede/bufpool"
	"viamillipede/engine/internal/chore"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/window"
	"viamillipede/netio"
	"viamillipede/netio/provenance"
)

// referral takes legs out of a source that is a pipe by reference: it moves their pages into a pipe of ours. Whenever a link sends
// the leg, that pipe's references are copied, until the peer has received the leg.
//
// Such a page may still belong to the producer (vmsplice(2)) or to a file, and change before it is sent. So a leg goes this way only
// if all its pages are proven to be made by write(2), or if the user has said that the producer is safe. Any other leg is read: a page
// that is not proven must not leave standard input in any other way, because a producer may reuse its memory as soon as the pipe has
// room for what comes after. So the checker looks twice: at standard input, to which the producer may write meanwhile, before a leg is
// moved out of it; and at the pipe that the leg was moved into, where nothing changes. If the two disagree, the first look was wrong.
type referral struct {
	wanted  bool // neither the user nor the source rules it out
	trusted bool // the user says that the producer is safe: nothing is checked
	trace   netio.Tracer

	from    uint64 // bytes of the stream before references are worth loading the checker
	prove   func() (stream.Prover, error)
	pipes   *netio.Pipes // nil: not yet, or never
	loading chore.Chore  // loads the checker; started by the holder of the ingest turn, joined by close
	checker atomic.Pointer[stream.Prover]
	closed  atomic.Bool
	refused atomic.Pointer[error] // why legs are read instead

	doubt int         // legs to read before standard input is checked again, because what was in it was not proven
	pause int         // what doubt was last set to
	lent  atomic.Bool // the same, for several looks; any loop reads it

	pipesAtMost int

	read     int // bytes
	readLegs atomic.Int64
	refLegs  atomic.Int64
}

const (
	// referLeast is the smallest leg that is worth the system calls, in bytes.
	referLeast = 64 << 10
	// proveFrom is how long a stream must be to make loading the checker worthwhile, in bytes.
	proveFrom = 16 << 20
	// pauseMost bounds how many legs are read before another is tried: a producer rarely changes its ways.
	pauseMost = 256
	// lentFrom is the pause from which the producer counts as one that lends its pages.
	lentFrom = 8
)

// refuse notes why legs are read.
func (r *referral) refuse(err error) { r.refused.Store(&err) }

// open notes what may be used; wanted: nothing else is against references.
func (r *referral) open(wanted bool, c Config) {
	r.wanted, r.trusted, r.trace, r.pipesAtMost = wanted, c.IO == "splice", c.Trace, c.Pipes
	r.from, r.prove = proveFrom, loadChecker
	if c.Prove != nil {
		r.from, r.prove = 0, c.Prove
	}
	if wanted && c.Pipes == 0 {
		r.wanted = false
		r.refuse(stream.ErrFewFiles)
	}
}

// close releases what it holds, once no loop runs. A checker that takes too long to load is closed when it has.
func (r *referral) close() {
	r.closed.Store(true)
	r.loading.Join(schedule.HaltMost)
	r.closeProver()
	if r.pipes != nil {
		r.pipes.Close()
	}
}

// Lent reports whether the producer lends its pages, so that legs are read. It does not write to the pipe then, which costs it next to
// nothing. Any loop may ask.
func (r *referral) Lent() bool { return r.lent.Load() }

// start gets what legs by reference need. Nobody waits for the prover, unless it is wanted from the first byte on.
func (in *Intake) start() {
	pipes, err := netio.NewPipes(stream.PipeSize, in.pipesAtMost, in.trace)
	if err != nil {
		in.stopReferring(err)
		return
	}
	in.pipes = pipes
	switch {
	case in.trusted:
	case in.from == 0:
		in.load(in.observer)
	default:
		in.loading.Start(func() { in.load(in.observer) })
	}
}

// errNoProof is why legs from an unprivileged user's pipe are read.
var errNoProof = errors.New("no permission for the proof that pages cannot change (CAP_BPF, CAP_PERFMON)")

// load loads the prover. A fault in it costs the proof and nothing else.
func (r *referral) load(to observe.Observer) {
	defer func() {
		if fault := loop.Carried(recover()); fault != nil {
			observe.Tell(to, observe.Fault{Where: "prover", Panic: fault})
			r.refuse(stream.ErrFault)
		}
	}()
	p, err := r.prove()
	if errors.Is(err, os.ErrPermission) {
		observe.Tell(to, observe.ProofDenied{Err: err})
		err = errNoProof
	}
	if err != nil {
		r.refuse(err)
		observe.Tell(to, observe.LegsCopied{Err: err})
		return
	}
	observe.Tell(to, observe.LegsReferred{Cost: p.Cost()})
	r.checker.Store(&p)
	if r.closed.Load() {
		r.closeProver()
	}
}

func (r *referral) closeProver() {
	if p := r.checker.Swap(nil); p != nil {
		_ = (*p).Close()
	}
}

// loadChecker returns the kernel's prover, if it has one.
func loadChecker() (stream.Prover, error) {
	c, err := provenance.New()
	if err != nil {
		return nil, err // not c, which as an interface is not nil
	}
	return c, nil
}

// stopReferring gives up on references, for good.
func (in *Intake) stopReferring(err error) {
	in.wanted = false
	in.refuse(err)
	observe.Tell(in.observer, observe.LegsCopied{Err: err})
}

// worthReferring reports whether the next leg, of at most so many bytes, should be moved into a pipe.
func (in *Intake) worthReferring(most int) bool {
	if !in.wanted || most < referLeast || in.met != nil {
		return false
	}
	if in.pipes == nil && (in.trusted || in.offset.Load() >= in.from) {
		in.start()
	}
	if in.pipes == nil || !in.trusted && in.checker.Load() == nil {
		return false
	}
	if in.doubt > 0 {
		in.doubt--
		return false
	}
	return true
}

// refer moves the next leg into the pipe. If it may not stay there, or may not be moved at all, it is read into the buffer, which
// then belongs to the leg.
func (in *Intake) refer(pipe *netio.Pipe, buf *bufpool.Buffer, most int) (*window.Leg, Hunger, error) {
	err := in.move(pipe, most)
	n := pipe.Len()
	if n >= referLeast {
		return in.referred(pipe)
	}
	defer in.pipes.Put(pipe)
	switch {
	case n > 0:
		if _, err := io.ReadFull(pipe, buf.Bytes()[:n]); err != nil {
			return nil, SourceGone, err
		}
		return in.copied(buf, n), Fed, nil
	case err == errUnproven:
		return in.readLeg(buf, most)
	case netio.Unsupported(err):
		in.stopReferring(err)
		return in.readLeg(buf, most)
	}
	return in.nothing(err)
}

// referred makes a leg of what is in the pipe.
func (in *Intake) referred(pipe *netio.Pipe) (*window.Leg, Hunger, error) {
	if !in.trusted {
		if n, err := in.written(pipe.FD()); n != pipe.Len() {
			in.pipes.Put(pipe)
			return nil, SourceGone, stream.Fail(stream.StatusIntegrity, err, "%s holds memory that may still change, although it seemed not to; "+
				"with io copy this does not matter", in.name)
		}
	}
	in.refLegs.Add(1)
	return window.InPipe(pipe, in.pipes), Fed, nil
}

// errUnproven is why nothing more is moved: the pages may still change.
var errUnproven = errors.New("not proven")

// move fills the pipe from the source, up to most bytes, with what is proven.
func (in *Intake) move(pipe *netio.Pipe, most int) error {
	for pipe.Len() < most && in.met == nil {
		n, err := in.proven(most - pipe.Len())
		if err == nil {
			in.at.Away(&in.Shore, func() { _, err = in.Source.Splice(pipe, n) })
		}
		if err == netio.ErrAgain || err == errUnproven || netio.Unsupported(err) {
			return err
		}
		in.met = err
		if !in.gather {
			break
		}
	}
	return in.met
}

// proven is how much may be moved out of the source, at most the given bytes. Errors: errUnproven; or, if nothing was there,
// netio.ErrAgain or io.EOF, because whatever comes now is not proven yet.
func (in *Intake) proven(most int) (int, error) {
	if in.trusted {
		return most, nil
	}
	n, err := in.written(in.Source.FD())
	switch {
	case err != nil:
		in.stopReferring(fmt.Errorf("the provenance check failed: %w", err))
		return 0, errUnproven
	case n < 0:
		in.pause = min(max(1, 2*in.pause), pauseMost)
		in.doubt = in.pause
		if in.pause >= lentFrom {
			in.lent.Store(true)
		}
		return 0, errUnproven
	case n > 0:
		if in.pause > 0 {
			in.pause = 0
			in.lent.Store(false)
		}
		return min(n, most), nil
	case in.Source.AtEnd():
		return 0, io.EOF
	}
	return 0, netio.ErrAgain
}

// written asks the prover; see Prover.Written.
func (in *Intake) written(pipe int) (int, error) {
	c := in.checker.Load()
	if c == nil {
		return -1, errUnproven
	}
	return (*c).Written(pipe)
}

// enginePath is how the legs left the source.
func (in *Intake) EnginePath() observe.EnginePath {
	read, refs := in.readLegs.Load(), in.refLegs.Load()
	switch {
	case in.blank:
		return observe.EnginePath{Plane: observe.PlaneBlank}
	case in.made != nil:
		return observe.EnginePath{Plane: observe.PlanePRBS}
	case in.InPlace():
		return in.extent.enginePath()
	case in.sized:
		return observe.EnginePath{Plane: observe.PlaneCopyFile, Why: in.why}
	case refs > 0:
		return observe.EnginePath{Plane: observe.PlaneSplice, Legs: refs, Copied: read}
	}
	return observe.EnginePath{Why: in.whyRead(read)}
}

// whyRead is why the legs from a pipe, of which so many were read, do not go by reference.
func (in *Intake) whyRead(read int64) error {
	switch why := in.refused.Load(); {
	case why != nil:
		return *why
	case in.why != nil:
		return in.why
	case in.checker.Load() != nil && read > 0:
		return observe.ErrNoneProven
	case in.offset.Load() >= in.from:
		return observe.ErrLateProof
	}
	return observe.ErrShort
}
