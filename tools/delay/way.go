package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// batch is how many packets of one direction are read before others leave: reading one takes a few microseconds, and
// packets that are due must not wait long.
const batch = 16

// way carries the packets of one direction.
type way struct {
	from, to int // descriptors of TUN devices
	mtu      int
	line     *line
	spare    [][]byte // buffers of mtu bytes
	counts   counts
}

// counts says what became of the packets of one direction.
type counts struct {
	packets, bytes uint64 // that arrived
	lost, dropped  uint64
	refused        uint64 // by the far device
	missed         uint64 // not read in time
}

func (c counts) String() string {
	return fmt.Sprintf("packets %d bytes %d lost %d dropped %d refused %d missed %d",
		c.packets, c.bytes, c.lost, c.dropped, c.refused, c.missed)
}

// take reads up to a batch of packets, which arrived at now, and returns how many there were.
func (w *way) take(now time.Duration) (int, error) {
	for i := range batch {
		buf := w.buffer()
		n, err := unix.Read(w.from, buf[:w.mtu])
		if err != nil {
			w.spare = append(w.spare, buf)
			return i, orNil("read", err, unix.EAGAIN, unix.EINTR) // interrupted: the loop comes back
		}
		due, f := w.line.admit(now, n)
		switch f {
		case carried:
			w.line.push(packet{due, buf[:n]})
			continue
		case lost:
			w.counts.lost++
		case dropped:
			w.counts.dropped++
		}
		w.spare = append(w.spare, buf)
	}
	return batch, nil
}

// release writes the packets that are due at now. Like a wire it does not report packets that nobody takes: an error only
// means that the device is gone.
func (w *way) release(now time.Duration) error {
	for bytes := w.line.pop(now); bytes != nil; bytes = w.line.pop(now) {
		_, err := unix.Write(w.to, bytes)
		for err == unix.EINTR {
			_, err = unix.Write(w.to, bytes)
		}
		w.spare = append(w.spare, bytes)
		switch err {
		case nil:
			w.counts.packets++
			w.counts.bytes += uint64(len(bytes))
		case unix.EBADFD:
			return os.NewSyscallError("write", err)
		default:
			w.counts.refused++ // mostly EIO: the device is down
		}
	}
	return nil
}

// buffer returns room for one packet.
func (w *way) buffer() []byte {
	if n := len(w.spare); n > 0 {
		buf := w.spare[n-1]
		w.spare = w.spare[:n-1]
		return buf
	}
	return make([]byte, w.mtu)
}
