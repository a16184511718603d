package main

import (
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pipeSize = 1 << 20   // bytes; larger ones leave the cache and are slower
	chunk    = 256 << 10 // bytes of one read or write
)

// memory is n bytes of touched memory in huge pages, off the Go heap, for as long as the process lives.
func memory(n int) ([]byte, error) {
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

// widen asks for a pipe of pipeSize. Without the right to it, or on something else, it stays as it is.
func widen(fd int) { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, pipeSize) }

// gen BYTES write|vmsplice puts a constant buffer into stdout, by copy or by reference.
func gen(args []string) error {
	left, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return err
	}
	put := write
	if args[1] == feedVmsplice {
		put = vmsplice
	}
	const huge = 2 << 20 // bytes: one huge page on amd64
	b, err := memory(huge)
	if err != nil {
		return err
	}
	widen(1)
	for left > 0 {
		n, err := put(1, b[:min(left, chunk)])
		if err != nil {
			return fmt.Errorf("gen: %s: %w", args[1], err)
		}
		left -= uint64(n)
	}
	return nil
}

// sink PAUSE-AT PAUSE-MS read|splice reads stdin to its end, or moves it to the null device, and prints the bytes and the
// seconds since the first of them. Once, when it has PAUSE-AT bytes or more, it stops for PAUSE-MS milliseconds; 0 0 is
// never.
func sink(args []string) error {
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
	widen(0)
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
	fmt.Printf("%d %.9f\n", total, time.Since(first).Seconds())
	return nil
}

// reader gives what takes the next piece of stdin.
func reader(how string) (func() (int, error), error) {
	if how == drainSplice {
		null, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		return func() (int, error) { return splice(0, null, pipeSize, unix.SPLICE_F_MOVE) }, err
	}
	b, err := memory(chunk)
	return func() (int, error) { return read(0, b) }, err
}
