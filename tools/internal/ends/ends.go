// Package ends is the two ends of a measured stream: a producer that writes it into a pipe and a consumer that reads it
// from one. The measuring programs start themselves again in these roles.
package ends

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// PipeSize is the size we ask for pipes, in bytes; larger ones no longer fit the cache and are slower.
const PipeSize = 1 << 20

const chunk = 256 << 10 // bytes of one read, and of one write unless another size is asked for

const huge = 2 << 20 // bytes: one huge page on amd64

// How Gen makes a stream and Sink takes it.
const (
	ByWrite    = "write"
	ByVMSplice = "vmsplice"
	ByRead     = "read"
	BySplice   = "splice"
)

// Memory is n bytes of touched memory in huge pages, off the Go heap, for as long as the process lives.
func Memory(n int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("map memory: %w", err)
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // without huge pages in the kernel it works all the same
	for i := range b {
		b[i] = 'x'
	}
	return b, nil
}

// Widen asks for a pipe of PipeSize. If that is not allowed, or fd is not a pipe, nothing changes.
func Widen(fd int) { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, PipeSize) }

// Gen BYTES write|vmsplice [PIECE] puts a constant buffer into stdout, by copy or by reference, in calls of at most PIECE
// bytes.
func Gen(args []string) error {
	left, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return err
	}
	piece := uint64(chunk)
	if len(args) > 2 {
		if piece, err = strconv.ParseUint(args[2], 10, 21); err != nil || piece == 0 {
			return fmt.Errorf("gen: pieces of %s bytes: expected 1 to %d", args[2], huge-1)
		}
	}
	put := Write
	if args[1] == ByVMSplice {
		put = VMSplice
	}
	b, err := Memory(huge)
	if err != nil {
		return err
	}
	Widen(1)
	for left > 0 {
		n, err := put(1, b[:min(left, piece)])
		if err != nil {
			return fmt.Errorf("gen: %s: %w", args[1], err)
		}
		left -= uint64(n)
	}
	return nil
}

// Sink PAUSE-AT PAUSE-MS read|splice reads stdin to its end, or moves it to the null device, and prints a Count of it.
// Once, when it has PAUSE-AT bytes or more, it pauses for PAUSE-MS milliseconds; 0 0 means never.
func Sink(args []string) error {
	at, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return err
	}
	pause, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	get, err := reader(args[2])
	if err != nil {
		return err
	}
	Widen(0)
	var first time.Time
	var total uint64
	for {
		n, err := get()
		if err != nil {
			return fmt.Errorf("sink: %s: %w", args[2], err)
		}
		if n == 0 {
			break
		}
		if total == 0 {
			first = time.Now()
		}
		total += uint64(n)
		if pause > 0 && total >= at {
			time.Sleep(time.Duration(pause) * time.Millisecond)
			pause = 0
		}
	}
	return json.NewEncoder(os.Stdout).Encode(Count{total, time.Since(first).Seconds()})
}

// reader returns a function that takes the next piece of stdin.
func reader(how string) (func() (int, error), error) {
	if how == BySplice {
		null, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		return func() (int, error) { return Splice(0, null, PipeSize, unix.SPLICE_F_MOVE) }, err
	}
	b, err := Memory(chunk)
	return func() (int, error) { return Read(0, b) }, err
}

// Alone runs a role on one thread, without a garbage collector that could ask it to stop: its raw system calls (raw.go)
// do not tell Go's scheduler that they wait. It returns the exit status.
func Alone(work func(args []string) error) func([]string) int {
	return func(args []string) int {
		debug.SetGCPercent(-1)
		runtime.LockOSThread()
		if err := work(args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
}

// The roles, as a command line names them.
const (
	roleGen  = "gen"
	roleSink = "sink"
)

// Play runs Gen or Sink alone if the program was started as a producer or consumer, and returns the exit status; ok is
// false if it was not.
func Play(args []string) (status int, ok bool) {
	switch {
	case (len(args) == 3 || len(args) == 4) && args[0] == roleGen:
		return Alone(Gen)(args[1:]), true
	case len(args) == 4 && args[0] == roleSink:
		return Alone(Sink)(args[1:]), true
	}
	return 0, false
}
