package run

import (
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"viamillipede/engine"
)

// pieceSize is what a producer or consumer moves per system call, in bytes: a size that many programs use.
const pieceSize = 128 << 10

// pipe makes a pipe whose ends block, as those of a shell do.
func pipe() (r, w *os.File, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, fail(engine.StatusLocalPipe, os.NewSyscallError("pipe2", err), "cannot make a pipe")
	}
	return os.NewFile(uintptr(p[0]), "pipe, read end"), os.NewFile(uintptr(p[1]), "pipe, write end"), nil
}

// producer writes into a pipe, until it is stopped or nobody reads.
type producer struct {
	source  *os.File // what it writes comes out here
	stopped atomic.Bool
	done    chan struct{}
}

func produce() (*producer, error) {
	r, w, err := pipe()
	if err != nil {
		return nil, err
	}
	p := &producer{source: r, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		defer w.Close()
		piece := make([]byte, pieceSize)
		for i := range piece {
			piece[i] = byte(i)
		}
		for !p.stopped.Load() {
			if _, err := w.Write(piece); err != nil {
				return // the stream has ended and knows why
			}
		}
	}()
	return p, nil
}

func (p *producer) stop() { p.stopped.Store(true) }

// end closes the pipe, once nobody reads from it, and waits for the producer.
func (p *producer) end() {
	p.stop()
	p.source.Close()
	<-p.done
}

// consumer reads what comes out of a pipe and discards it.
type consumer struct {
	sink  *os.File // what it reads comes in here
	bytes uint64   // valid after end
	done  chan struct{}
}

func consume() (*consumer, error) {
	r, w, err := pipe()
	if err != nil {
		return nil, err
	}
	c := &consumer{sink: w, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		defer r.Close()
		piece := make([]byte, pieceSize)
		for {
			n, err := r.Read(piece)
			c.bytes += uint64(n)
			if err != nil {
				return
			}
		}
	}()
	return c, nil
}

// end closes the pipe, once nobody writes into it, and waits for the consumer.
func (c *consumer) end() {
	c.sink.Close()
	<-c.done
}

// discard opens the null device.
func discard() (*os.File, error) {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, fail(engine.StatusLocalPipe, err, "cannot throw anything away")
	}
	return f, nil
}
