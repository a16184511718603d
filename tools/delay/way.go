package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// early is how long before its time a packet may leave: those that are due within it leave with one wake-up. It is
	// about what a wake-up is late.
	early = 50 * time.Microsecond

	// batch is how many packets are read before those that are due leave. Reading and writing one takes some
	// microseconds.
	batch = 16
)

// way carries the packets of one direction. It is one thread's alone.
type way struct {
	from, to int // descriptors of TUN devices
	stop     int // a descriptor that is hung up to end a wait
	mtu      int
	start    time.Time // where the line's times begin
	line     *line
	spare    [][]byte // buffers of mtu bytes
	counts   counts

	fds     [2]unix.PollFd // of sleep, which would make new ones each time
	timeout unix.Timespec
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

// run reads, waits and writes until ctx ends, which must hang up stop. The error is that of a device which was taken away.
func (w *way) run(ctx context.Context) error {
	runtime.LockOSThread() // and it ends with the goroutine: nobody else has its priority
	precede()
	for ctx.Err() == nil {
		if err := w.release(); err != nil {
			return err
		}
		more, err := w.take()
		if err != nil {
			return err
		}
		if more {
			continue
		}
		if err := w.sleep(); err != nil {
			return err
		}
	}
	return nil
}

// precede lets this thread run before ordinary ones and wakes it on time: in a kernel, too, a packet's delay does not
// hang on what else the machine does. Where that is not allowed the delays are less exact.
func precede() {
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK,
	}, 0)
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // ns
}

func (w *way) now() time.Duration { return time.Since(w.start) }

// take reads up to a batch of packets; more says that there may be others.
func (w *way) take() (more bool, err error) {
	for range batch {
		buf := w.buffer()
		n, err := unix.Read(w.from, buf[:w.mtu])
		if err != nil {
			w.spare = append(w.spare, buf)
			return false, orNil("read", err, unix.EAGAIN, unix.EINTR) // interrupted, it asks again after a look around
		}
		due, f := w.line.admit(w.now(), n)
		if f == carried {
			w.line.push(packet{due, buf[:n]})
			continue
		}
		w.spare = append(w.spare, buf)
		w.counts.add(f)
	}
	return true, nil
}

func (c *counts) add(f fate) {
	if f == lost {
		c.lost++
	} else {
		c.dropped++
	}
}

// release writes the packets that are due.
func (w *way) release() error {
	for {
		bytes := w.line.pop(w.now() + early)
		if bytes == nil {
			return nil
		}
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
			w.counts.refused++ // EIO while the device is down, ENOMEM: a wire has no answer either
		}
	}
}

// sleep waits for a packet to come or to be due, or for the end.
func (w *way) sleep() error {
	var timeout *unix.Timespec
	if due, ok := w.line.next(); ok {
		wait := due - w.now()
		if wait <= early {
			return nil
		}
		w.timeout = unix.NsecToTimespec(int64(wait))
		timeout = &w.timeout
	}
	w.fds = [2]unix.PollFd{{Fd: int32(w.from), Events: unix.POLLIN}, {Fd: int32(w.stop)}}
	_, err := unix.Ppoll(w.fds[:], timeout, nil)
	return orNil("ppoll", err, unix.EINTR)
}

// buffer gives room for one packet.
func (w *way) buffer() []byte {
	if n := len(w.spare); n > 0 {
		buf := w.spare[n-1]
		w.spare = w.spare[:n-1]
		return buf
	}
	return make([]byte, w.mtu)
}

// orNil gives a call's error, nil for those that say only that it is to be made again.
func orNil(call string, err error, again ...unix.Errno) error {
	for _, e := range again {
		if err == e {
			return nil
		}
	}
	return os.NewSyscallError(call, err)
}
