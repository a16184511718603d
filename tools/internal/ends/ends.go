// Package ends is the two ends of a measured stream: what writes it into a pipe and what reads it out of one. The programs that
// measure start themselves again to be that.
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

// PipeSize is what a pipe is asked to hold, in bytes; larger ones leave the cache and are slower.
const PipeSize = 1 << 20

const chunk = 256 << 10 // bytes of one read or write

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
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // a kernel without huge pages does without
	for i := range b {
		b[i] = 'x'
	}
	return b, nil
}

// Widen asks for a pipe of PipeSize. Without the right to it, or on something else, it stays as it is.
func Widen(fd int) { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, PipeSize) }

// Gen BYTES write|vmsplice puts a constant buffer into stdout, by copy or by reference.
func Gen(args []string) error {
	left, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return err
	}
	put := Write
	if args[1] == ByVMSplice {
		put = VMSplice
	}
	const huge = 2 << 20 // bytes: one huge page on amd64
	b, err := Memory(huge)
	if err != nil {
		return err
	}
	Widen(1)
	for left > 0 {
		n, err := put(1, b[:min(left, chunk)])
		if err != nil {
			return fmt.Errorf("gen: %s: %w", args[1], err)
		}
		left -= uint64(n)
	}
	return nil
}

// Sink PAUSE-AT PAUSE-MS read|splice reads stdin to its end, or moves it to the null device, and prints a Count of
// it. Once, when it has PAUSE-AT bytes or more, it stops for PAUSE-MS milliseconds; 0 0 is
// never.
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

// reader gives what takes the next piece of stdin.
func reader(how string) (func() (int, error), error) {
	if how == BySplice {
		null, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		return func() (int, error) { return Splice(0, null, PipeSize, unix.SPLICE_F_MOVE) }, err
	}
	b, err := Memory(chunk)
	return func() (int, error) { return Read(0, b) }, err
}

// Alone runs a role on one thread, without a garbage collector that could ask it to stop: its raw system calls (raw.go)
// do not tell Go's scheduler that they wait. It gives the status to exit with.
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

// Play is a producer or a consumer alone, where a program was started as one, and gives the status to exit with; ok is false where
// it was not.
func Play(args []string) (status int, ok bool) {
	switch {
	case len(args) == 3 && args[0] == roleGen:
		return Alone(Gen)(args[1:]), true
	case len(args) == 4 && args[0] == roleSink:
		return Alone(Sink)(args[1:]), true
	}
	return 0, false
}
