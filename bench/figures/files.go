package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// measureFile runs one stream from a file on tmpfs to a file there or to the null device. Its rate counts from the start of
// tx to the end of both.
func measureFile(ctx context.Context, set settings, c contender) (sample, error) {
	p := &plumbing{crew: newCrew(ctx)}
	defer p.end()
	in, out, err := p.fileEnds(set, c)
	if err != nil {
		return sample{}, err
	}
	if p.port, err = freePort(); err != nil {
		return sample{}, err
	}
	if p.rx, err = p.start(withPort(c.rx, p.port), nil, out); err != nil {
		return sample{}, err
	}
	if err := listening(p.ctx, p.port); err != nil {
		return sample{}, err
	}
	start := time.Now()
	if p.tx, err = p.start(withPort(c.tx, p.port), in, nil); err != nil {
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
	b, err := memory(pipeSize)
	if err != nil {
		return nil, nil, err
	}
	defer unix.Munmap(b)
	for left := set.bytes(); left > 0; {
		n, err := in.Write(b[:min(left, uint64(len(b)))])
		if err != nil {
			return nil, nil, err
		}
		left -= uint64(n)
	}
	if _, err := in.Seek(0, 0); err != nil {
		return nil, nil, err
	}
	if c.drain == drainFile {
		out, err = p.memoryFile()
		return in, out, err
	}
	out, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err == nil {
		p.files = append(p.files, out)
	}
	return in, out, err
}

func (p *plumbing) memoryFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("figures", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "file on tmpfs")
	p.files = append(p.files, f)
	return f, nil
}

func sameLength(f *os.File, want uint64) error {
	st, err := f.Stat()
	if err == nil && uint64(st.Size()) != want {
		err = fmt.Errorf("%d bytes came out of %d", st.Size(), want)
	}
	return err
}
