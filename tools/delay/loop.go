package main

import (
	"context"
	"math"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// tick is the least time that the loop sleeps while packets come: a wake-up costs more than many packets. Packets
	// that come meanwhile are read late, by half a tick on average, and those due within the next tick leave early, by as
	// much.
	tick = 200 * time.Microsecond

	// doze is how long before a due time a long sleep ends and a short one begins: the longer a CPU has slept, the later
	// it wakes up, by up to half a millisecond on virtual machines.
	doze = 400 * time.Microsecond

	// forever is the longest possible wait.
	forever = time.Duration(math.MaxInt64)
)

// loop is the one thread that carries the packets of both directions: two would wake up twice as often.
type loop struct {
	ways  [2]*way
	stop  int       // a descriptor whose hang-up ends a wait
	start time.Time // the zero of the lines' times

	fds     [3]unix.PollFd // for sleep, so that it need not allocate them each time
	timeout unix.Timespec
}

// run reads, waits and writes until ctx ends, which must hang up stop. It is an error if a device was removed.
func (l *loop) run(ctx context.Context) error {
	runtime.LockOSThread() // and never unlock: the thread ends with the goroutine, so nobody inherits its priority
	precede()
	for ctx.Err() == nil {
		most := 0 // packets read from one device
		for _, w := range l.ways {
			if err := w.release(l.now() + tick); err != nil {
				return err
			}
			n, err := w.take(l.now())
			if err != nil {
				return err
			}
			most = max(most, n)
		}
		if most == batch {
			continue
		}
		if err := l.sleep(most > 0); err != nil {
			return err
		}
	}
	return nil
}

// precede makes this thread run before ordinary ones and wake on time, so that a packet's delay does not depend on what
// else the machine does, as it would not in a kernel. If that is not allowed, the delays are less exact.
func precede() {
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK,
	}, 0)
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // ns
}

func (l *loop) now() time.Duration { return time.Since(l.start) }

// sleep waits until a packet is due, one comes, or the end. While packets come it waits for a tick instead of for the
// next packet.
func (l *loop) sleep(flowing bool) error {
	wait, events := forever, int16(unix.POLLIN)
	if flowing {
		wait, events = tick, 0
	}
	for _, w := range l.ways {
		if due, ok := w.line.next(); ok {
			wait = min(wait, due-tick/2-l.now())
		}
	}
	if wait <= 0 {
		return nil
	}
	if wait > 2*doze {
		wait -= doze
	}
	l.timeout = unix.NsecToTimespec(int64(wait))
	for i, w := range l.ways {
		l.fds[i] = unix.PollFd{Fd: int32(w.from), Events: events}
	}
	l.fds[2] = unix.PollFd{Fd: int32(l.stop)}
	_, err := unix.Ppoll(l.fds[:], &l.timeout, nil)
	return orNil("ppoll", err, unix.EINTR)
}

// orNil is a call's error, or nil for errors that only say to call again.
func orNil(call string, err error, again ...unix.Errno) error {
	for _, e := range again {
		if err == e {
			return nil
		}
	}
	return os.NewSyscallError(call, err)
}
