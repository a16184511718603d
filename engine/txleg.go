package engine

import (
	"io"

	"viamillipede/netio"
)

// sendLeg writes what the socket takes of the leg that is on its way.
func (k *txlink) sendLeg() error {
	n, err := k.sendBody()
	if err == netio.ErrAgain {
		k.full = true
		return nil
	}
	if err != nil {
		return err
	}
	k.sent += n
	k.spoke = k.loop.now
	if k.sent < len(k.header)+k.leg.length {
		return nil
	}
	k.legs++
	k.bytes += uint64(k.leg.length)
	k.path.bytes.Add(int64(k.leg.length))
	k.dropLeg()
	return nil
}

// sendBody makes one system call, or none when the leg first has to change its form.
func (k *txlink) sendBody() (int, error) {
	switch data := k.leg.memory(); {
	case data != nil && k.sent < len(k.header) && k.zeroes(len(data)):
		return k.conn.SendMore(k.header[k.sent:])
	case data != nil && k.sent < len(k.header):
		return k.conn.Send(k.header[k.sent:], data)
	case data != nil && k.zeroes(len(k.header)+k.leg.length-k.sent):
		return k.sendZero(data[k.sent-len(k.header):])
	case data != nil:
		return k.conn.Send(data[k.sent-len(k.header):], nil)
	case k.leg.inFile():
		return k.sendFile()
	}
	return k.sendPipe()
}

// sendPipe sends a leg that is in a pipe, by reference.
func (k *txlink) sendPipe() (n int, err error) {
	if k.sent < len(k.header) {
		return k.conn.SendMore(k.header[k.sent:])
	}
	if k.copied == nil {
		if k.copied, err = k.leg.refer(); err != nil {
			k.s.sourceFailed(err)
			return 0, err
		}
		if k.copied == nil {
			return 0, nil // in memory now
		}
	}
	n, err = k.conn.SendPipe(k.copied, k.copied.Len())
	if !netio.Unsupported(err) {
		return n, err
	}
	k.dropCopy()
	if err := k.leg.settle(); err != nil {
		k.s.sourceFailed(err)
		return 0, err
	}
	return 0, nil
}

// sendFile sends a leg that is in a file, from the page cache.
func (k *txlink) sendFile() (int, error) {
	in := &k.s.in
	if k.sent < len(k.header) {
		return k.conn.SendMore(k.header[k.sent:])
	}
	done := k.sent - len(k.header)
	at := in.begin + int64(k.leg.offset) + int64(done)
	n, err := 0, error(nil)
	if !k.owner.reads {
		n, err = k.conn.SendFile(in.src, at, k.leg.length-done)
		if netio.Unsupported(err) {
			k.owner.reads = true
			k.s.log.Printf(LevelChoices, "loop %d reads standard input and writes it: %v", k.loop.id, err)
		}
	}
	if k.owner.reads {
		return k.copyFile(at, k.leg.length-done)
	}
	switch {
	case err == nil || err == netio.ErrAgain:
		return n, err
	case err == io.EOF:
		return 0, k.shrunk()
	}
	if _, bad := in.src.ReadAt(k.in[k.got:k.got+1], at); bad != nil { // the file is at fault, not the link
		k.s.sourceFailed(bad)
	}
	return 0, err
}

// copyFile sends a piece of a file through memory. What the socket does not take is read again.
func (k *txlink) copyFile(at int64, n int) (int, error) {
	if k.owner.piece == nil {
		k.owner.piece = make([]byte, pieceSize)
	}
	n, err := k.s.in.src.ReadAt(k.owner.piece[:min(n, pieceSize)], at)
	switch {
	case err == io.EOF:
		return 0, k.shrunk()
	case err != nil:
		k.s.sourceFailed(err)
		return 0, err
	}
	return k.conn.Send(k.owner.piece[:n], nil)
}

// pieceSize is how much of a file is read at a time where it cannot be sent from the page cache, in bytes.
const pieceSize = 256 << 10

// shrunk ends the stream.
func (k *txlink) shrunk() error {
	err := k.s.in.shrunk()
	k.s.fail(err)
	return err
}

// dropLeg lets go of the leg that is on its way, if there is one.
func (k *txlink) dropLeg() {
	k.dropCopy()
	if k.leg != nil {
		k.leg.drop()
		k.leg = nil
	}
}

// dropCopy gives the pipe back that the leg's bytes leave from.
func (k *txlink) dropCopy() {
	if k.copied != nil {
		k.leg.pipes.Put(k.copied)
		k.copied = nil
	}
}
