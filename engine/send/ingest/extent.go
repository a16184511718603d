package ingest

import (
	"io"
	"sync/atomic"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/resume"
	"viamillipede/engine/window"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// extent is the part of a file that is the stream: from its offset to its end as they were at the start. The file must stay as it was
// until the receiver has all of it, because a leg may be read more than once. If it has changed, END is not sent, and the stream
// fails.
type extent struct {
	sized  bool
	begin  int64 // offset of its first byte
	length int64
	byRef  bool // legs stay in the file until links send them
	was    netio.Stamp
	holes
	Agreement *resume.Agreement // on what the receiver has already; nil: nothing
	same      atomic.Bool       // it was found unchanged once all of the stream had been received

	blind atomic.Bool // the file system cannot say whether it would have to wait

	fromCache, reread stream.Tally          // how often a leg was sent from the page cache, and through memory
	reason            atomic.Pointer[error] // why legs are read
}

// InPlace reports whether the source is a file where legs stay until links send them.
func (e *extent) InPlace() bool { return e.sized && e.byRef }

// OffsetOf is where in the file a byte of the stream is.
func (e *extent) OffsetOf(at int64) int64 { return e.begin + at }

// MayWait reports whether the file system cannot say if it would have to wait for the medium.
func (e *extent) MayWait() bool { return e.blind.Load() }

// MustRead notes why a file is read; it reports whether that is the first reason.
func (e *extent) MustRead(why error) bool {
	return e.reason.Load() == nil && e.reason.CompareAndSwap(nil, &why)
}

// Sent counts a leg that was sent; on the thread of its link's loop.
func (e *extent) Sent(l *window.Leg, reread bool, at *loop.Loop) {
	switch {
	case !l.Filed():
	case reread:
		e.reread.Add(at, 1)
	default:
		e.fromCache.Add(at, 1)
	}
}

// enginePath is how the legs of a file left it.
func (e *extent) enginePath() observe.EnginePath {
	p := observe.EnginePath{Plane: observe.PlaneSendFile, Legs: e.fromCache.Load(), Copied: e.reread.Load()}
	if why := e.reason.Load(); why != nil && p.Copied > 0 {
		p.Why = *why
		if p.Legs == 0 {
			p.Plane = observe.PlaneCopyFile
		}
	}
	return p
}

// measure finds out whether the source is a file.
func (e *extent) measure(src *netio.Source, byRef bool) {
	e.was, _ = src.Stamp() // before its length
	e.begin, e.length, e.sized = src.Extent()
	e.byRef = byRef
}

// Expected is how long the stream will be, in bytes, as the file or else the user says; 0 if that is not known.
func (in *Intake) Expected() int64 {
	switch {
	case in.limit > 0:
		return 0
	case in.sized:
		return in.length
	}
	return in.hinted
}

// cutFile makes the next leg of a file.
func (in *Intake) cutFile(shard, most int) (*window.Leg, Hunger, error) {
	done := int64(in.offset.Load())
	if done == in.length {
		return nil, NoMore, nil
	}
	return in.cutKnown(shard, most, done)
}

// cutPiece makes a leg of the file, which begins at a byte of the stream and goes no further than upTo.
func (in *Intake) cutPiece(shard, most int, done, upTo int64) (*window.Leg, Hunger, error) {
	n, hole := in.nextPiece(done, upTo, int64(most))
	if hole {
		return window.NewBare(wire.Hole, uint32(n)), Fed, nil
	}
	if in.InPlace() {
		return window.InFile(n), Fed, nil
	}
	buf := in.pool.Get(shard)
	if buf == nil {
		return nil, NoRoom, nil
	}
	if err := in.readAt(buf.Bytes()[:n], done); err != nil {
		buf.Release()
		return nil, SourceGone, err
	}
	return in.copied(buf, n), Fed, nil
}

// readAt fills p from the given byte of the stream on.
func (in *Intake) readAt(p []byte, at int64) error {
	for len(p) > 0 {
		var n int
		var err error
		in.at.Away(&in.Shore, func() { n, err = in.Source.ReadAt(p, in.begin+at) })
		if err == io.EOF {
			return in.Shrunk()
		}
		if err != nil {
			return err
		}
		p = p[n:]
		at += int64(n)
	}
	return nil
}

// unchanged is nil while the file is as it was at the start.
func (in *Intake) unchanged() error {
	now, err := in.Source.Stamp()
	if err != nil {
		return err
	}
	if what := now.Since(in.was); what != "" {
		return stream.Fail(stream.StatusIntegrity, nil, "%s changed while it was sent: %s", in.name, what)
	}
	return nil
}

// MayEnd reports whether the receiver may be told where the stream, which has been read to its end, ends. Its producer has to assent. If legs are read from a file
// when they are sent, and again when they are resent, that is only once all have been received, and the file is unchanged. An
// error, with false, is that it has changed, or cannot be asked.
func (in *Intake) MayEnd(w *window.Window, at *loop.Loop) (may bool, err error) {
	if !in.InPlace() || in.same.Load() {
		return in.Assented(), nil
	}
	if w.State().Base != in.Total.Legs {
		return false, nil
	}
	at.Away(&in.Shore, func() { err = in.unchanged() })
	if err != nil {
		return false, err
	}
	in.same.Store(true)
	return in.Assented(), nil
}

// Fetch waits until what a link is about to send is in the page cache. In the middle of a leg nothing else can be sent, not even a
// heartbeat, so there is no time for a disk.
func (in *Intake) Fetch(l *window.Leg) {
	if in.blind.Load() {
		return
	}
	at := in.begin + int64(l.Offset)
	ready, known := in.Source.Ready(at, l.Length)
	if !known {
		in.blind.Store(true)
		return
	}
	if !ready {
		in.Source.Fetch(at, l.Length)
	}
}

// Has reports whether the file still has the stream up to the given byte.
func (in *Intake) Has(upTo uint64) bool { return in.Source.Size() >= in.begin+int64(upTo) }

// Shrunk is the error of a file that has lost bytes which were announced.
func (in *Intake) Shrunk() *stream.Error {
	return stream.Fail(stream.StatusIntegrity, nil, "%s shrank while it was sent: it had %d bytes, and has %d",
		in.name, in.begin+in.length, in.Source.Size())
}
