package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/tools/internal/crew"
	"viamillipede/tools/internal/ends"
)

// measureFile runs one stream from a file on tmpfs to a file there or to the null device. Its rate counts from the start of
// tx to the end of both.
func measureFile(ctx context.Context, set settings, c contender) (sample, error) {
	p := &plumbing{Crew: crew.New(ctx)}
	defer p.End()
	in, out, err := p.fileEnds(set, c)
	if err != nil {
		return sample{}, err
	}
	if p.port, err = crew.FreePort(); err != nil {
		return sample{}, err
	}
	if p.rx, err = p.Start(withPort(c.rx, p.port), nil, out); err != nil {
		return sample{}, err
	}
	if err := p.Listening(p.rx, p.port); err != nil {
		return sample{}, err
	}
	start := time.Now()
	if p.tx, err = p.Start(withPort(c.tx, p.port), in, nil); err != nil {
		return sample{}, err
	}
	s := sample{}
	if err := p.ended(c, &s, float64(set.bytes())); err != nil {
		return s, err
	}
	s.rate = float64(set.bytes()) / 1e9 / time.Since(start).Seconds()
	if c.drain == drainFile {
		err = sameLength(out, set.bytes())
	}
	return s, err
}

// fileEnds makes stdin and stdout. Files on tmpfs without a name, which are gone with the processes that have them open.
func (p *plumbing) fileEnds(set settings, c contender) (in, out *os.File, err error) {
	if in, err = p.memoryFile(); err != nil {
		return nil, nil, err
	}
	if err := fillFile(in, set.bytes()); err != nil {
		return nil, nil, err
	}
	if c.drain == drainFile {
		if out, err = p.memoryFile(); err != nil {
			return nil, nil, err
		}
		return in, out, warmUp(out, set.bytes())
	}
	out, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err == nil {
		p.Keep(out)
	}
	return in, out, err
}

// fillFile writes so many bytes and goes back to the beginning.
func fillFile(f *os.File, left uint64) error {
	b, err := ends.Memory(ends.PipeSize)
	if err != nil {
		return err
	}
	defer unix.Munmap(b)
	for left > 0 {
		n, err := f.Write(b[:min(left, uint64(len(b)))])
		if err != nil {
			return err
		}
		left -= uint64(n)
	}
	_, err = f.Seek(0, 0)
	return err
}

// warmUp has the file hold so many bytes for a moment. On a virtual machine memory that was not used for a while is slow at
// its first use, since the host has to find it, and whoever comes first would pay for all.
func warmUp(f *os.File, bytes uint64) error {
	if err := fillFile(f, bytes); err != nil {
		return err
	}
	return f.Truncate(0)
}

func (p *plumbing) memoryFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("figures", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "file on tmpfs")
	p.Keep(f)
	return f, nil
}

func sameLength(f *os.File, want uint64) error {
	st, err := f.Stat()
	if err == nil && uint64(st.Size()) != want {
		err = fmt.Errorf("%d bytes came out of %d", st.Size(), want)
	}
	return err
}
