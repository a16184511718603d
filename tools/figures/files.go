package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"viamillipede/tools/internal/ends"
	"viamillipede/tools/internal/pipeline"
)

// files are stdin of tx and stdout of rx in place of pipes; nil where there is a pipe. The rate of such a stream is
// measured from the start of tx to the end of both.
type files struct {
	in, out *os.File
	counted bool // out must have the length of the stream
}

// openFiles makes the files that a contender is measured with. Those on tmpfs have no name and disappear when nobody has
// them open.
func openFiles(set settings, c contender, plan *pipeline.Plan) (f *files, err error) {
	f = &files{}
	if c.feed != feedFile {
		return f, nil
	}
	if f.in, err = memoryFile(); err != nil {
		return f, err
	}
	if err := fillFile(f.in, set.bytes()); err != nil {
		return f, err
	}
	if c.drain == drainFile {
		f.counted = true
		if f.out, err = memoryFile(); err != nil {
			return f, err
		}
		err = warmUp(f.out, set.bytes())
	} else {
		f.out, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	plan.Stdin, plan.Stdout = f.in, f.out
	return f, err
}

// check returns an error if a file does not have all of the stream.
func (f *files) check(set settings) error {
	if !f.counted {
		return nil
	}
	st, err := f.out.Stat()
	if err == nil && uint64(st.Size()) != set.bytes() {
		err = fmt.Errorf("%d bytes came out of %d", st.Size(), set.bytes())
	}
	return err
}

func (f *files) close() {
	for _, one := range []*os.File{f.in, f.out} {
		if one != nil {
			one.Close()
		}
	}
}

// fillFile writes left bytes and goes back to the beginning.
func fillFile(f *os.File, left uint64) (err error) {
	b, err := ends.Memory(ends.PipeSize)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.NewSyscallError("munmap", unix.Munmap(b))) }()
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

// warmUp makes the file hold that many bytes for a moment. On a virtual machine, memory not used for a while is slow when
// first used again, since the host must find it, and the first contender would pay for all.
func warmUp(f *os.File, bytes uint64) error {
	if err := fillFile(f, bytes); err != nil {
		return err
	}
	return f.Truncate(0)
}

func memoryFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("figures", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), "file on tmpfs"), nil
}
