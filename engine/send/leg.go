package send

import (
	"errors"
	"io"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/netio"
)

// sendLeg writes what the socket takes of the current leg.
func (k *txlink) sendLeg() error {
	n, err := k.sendBody()
	if err == netio.ErrAgain {
		k.Full = true
		return nil
	}
	if err != nil {
		return err
	}
	k.Sent += n
	k.Spoke = k.Loop.Now
	if k.Sent < len(k.header)+k.Leg.Length {
		return nil
	}
	k.Legs++
	k.Bytes += uint64(k.Leg.Length)
	k.Path.Bytes.Add(k.Loop, k.Leg.Length)
	k.s.in.Sent(k.Leg, k.reread, k.Loop)
	k.dropLeg()
	return nil
}

// sendBody makes one system call, or none when the leg first has to change its form.
func (k *txlink) sendBody() (int, error) {
	switch data := k.Leg.Memory(); {
	case data != nil && k.Sent < len(k.header) && k.zeroes(len(data)):
		return k.Conn.SendMore(k.header[k.Sent:], nil)
	case data != nil && k.Sent < len(k.header):
		return k.owner.sendAlong(k, k.header[k.Sent:], data, k.s.in.Ahead())
	case data != nil && k.zeroes(len(k.header)+k.Leg.Length-k.Sent):
		return k.sendZero(data[k.Sent-len(k.header):])
	case data != nil:
		return k.Conn.Send(data[k.Sent-len(k.header):], nil)
	case k.Leg.Filed():
		return k.sendFile()
	case k.Leg.Bare > 0:
		return k.Conn.Send(k.header[k.Sent:], nil)
	}
	return k.sendPipe()
}

// sendPipe sends a leg that is in a pipe, by reference.
func (k *txlink) sendPipe() (n int, err error) {
	if k.Sent < len(k.header) {
		return k.Conn.SendMore(k.header[k.Sent:], nil)
	}
	if k.copied == nil {
		if k.copied, err = k.Leg.Tee(); err != nil {
			k.s.sourceFailed(err)
			return 0, err
		}
		if k.copied == nil {
			return 0, nil // in memory now
		}
	}
	n, err = k.Conn.SendPipe(k.copied, k.copied.Len())
	if !netio.Unsupported(err) {
		return n, err
	}
	k.dropCopy()
	if err := k.Leg.ToMemory(); err != nil {
		k.s.sourceFailed(err)
		return 0, err
	}
	return 0, nil
}

// errNoCard is why a file is not sent from the page cache.
var errNoCard = errors.New("its pages must not reach a consumer on this machine, and there is no network card on the way")

// sendFile sends a leg that is in a file: from the page cache if the bytes leave through a network card, else through memory. A
// consumer on this machine would otherwise get the pages of the file themselves, which somebody may write to afterwards.
func (k *txlink) sendFile() (int, error) {
	if k.Sent < len(k.header) {
		return k.Conn.SendMore(k.header[k.Sent:], nil)
	}
	in := &k.s.in
	done := k.Sent - len(k.header)
	at, left := int64(k.Leg.Offset)+int64(done), k.Leg.Length-done
	if in.Shore.Busy() && (in.MayWait() || k.Loop.InKernel() > 1) {
		return 0, netio.ErrAgain // until sourceFreed; else it is in the cache already
	}
	if !k.byCard && !k.s.cfg.ForceSendFile {
		in.MustRead(errNoCard)
		return k.copyFile(at, left)
	}
	if k.owner.reads {
		return k.copyFile(at, left)
	}
	n, err := 0, error(nil)
	if doomed := k.call(func() { n, err = k.Conn.SendFile(in.Source, in.OffsetOf(at), left) }); doomed != nil {
		return 0, doomed
	}
	switch {
	case err == nil || err == netio.ErrAgain:
		return n, err
	case netio.Unsupported(err):
		k.owner.reads = true
		if in.MustRead(err) {
			observe.Tell(k.s.observer, observe.FileCopied{Err: err})
		}
		return k.copyFile(at, left)
	case err == io.EOF:
		return 0, k.shrunk()
	}
	var bad error
	_ = k.call(func() { _, bad = in.Source.ReadAt(make([]byte, 1), in.OffsetOf(at)) })
	if bad != nil { // the file is at fault, not the link
		k.s.sourceFailed(bad)
	}
	return 0, err
}

// copyFile sends a piece of a file through memory, starting at a byte of the stream. What the socket does not take is kept for
// the next time, unless another link's piece comes in between.
func (k *txlink) copyFile(at int64, left int) (int, error) {
	k.reread = true
	p := &k.owner.piece
	if p.Filling() {
		return 0, netio.ErrAgain // until sourceFreed
	}
	if !p.Has(at) {
		room, n, err := p.Reserve(at, left), 0, error(nil)
		doomed := k.call(func() { n, err = k.s.in.Source.ReadAt(room, k.s.in.OffsetOf(at)) })
		p.Filled(n)
		if doomed != nil {
			return 0, doomed
		}
		if err != nil {
			if err == io.EOF {
				return 0, k.shrunk()
			}
			k.s.sourceFailed(err)
			return 0, err
		}
	}
	return k.Conn.Send(p.From(at, left), nil)
}

// shrunk ends the stream; the error it returns ends the link.
func (k *txlink) shrunk() error {
	k.s.life.Fail(k.s.in.Shrunk())
	return stream.ErrUnfinished
}

// dropLeg lets go of the current leg, if there is one.
func (k *txlink) dropLeg() {
	k.dropCopy()
	if k.Leg != nil {
		k.Leg.Drop()
		k.Leg = nil
	}
}

// dropCopy gives back the pipe that the leg's bytes are sent from.
func (k *txlink) dropCopy() {
	if k.copied != nil {
		k.Leg.PutBack(k.copied)
		k.copied = nil
	}
}
