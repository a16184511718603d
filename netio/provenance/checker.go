package provenance

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Checker looks at pipes. Any goroutine may use it.
type Checker struct {
	program   *ebpf.Program
	reference uint64        // the ops of a page made by write(2)
	cost      time.Duration // of one check of a full pipe, as measured at the start
}

// question is what the program is asked, and its answer; slots.bpf.c has the same.
type question struct {
	fd        uint32
	slots     uint32
	reference uint64
	bytes     uint64
	foreign   uint32
	failed    uint32
}

// errBlind is why a kernel that runs the program is of no use.
var errBlind = errors.New("written pages cannot be told apart from others on this kernel")

// New loads the program and tries it; it takes some 20 ms, most of it to read the kernel's type information. The caller
// closes the result. Errors: no permission, no such kernel, or a kernel on which the pages cannot be told apart.
func New() (*Checker, error) {
	var objects SlotsObjects
	if err := LoadSlotsObjects(&objects, nil); err != nil {
		return nil, fmt.Errorf("load the provenance check: %w", short(err))
	}
	c := &Checker{program: objects.Look}
	if err := c.calibrate(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// short is what is worth showing of an error of the verifier, which has a line for each instruction.
func short(err error) error {
	if v, ok := errors.AsType[*ebpf.VerifierError](err); ok {
		return v.Cause
	}
	return err
}

// Written gives how many bytes the pipe holds, if every slot of it is a page that write(2) made, and -1 if one is not. Where
// somebody else may write to the pipe meanwhile the answer is a good guess: no lock is taken. An error means that the
// kernel did not answer.
func (c *Checker) Written(pipe int) (int, error) {
	q := question{fd: uint32(pipe), reference: c.reference}
	if errno := run(c.program.FD(), &q); errno != 0 {
		return -1, os.NewSyscallError("bpf BPF_PROG_TEST_RUN", errno)
	}
	if q.failed != 0 || q.foreign != 0 {
		return -1, nil
	}
	return int(q.bytes), nil
}

// Cost is how long a check of a full pipe took at the start.
func (c *Checker) Cost() time.Duration { return c.cost }

// Close unloads the program.
func (c *Checker) Close() error { return c.program.Close() }

// calibrate learns the reference from a written page, and then demands right answers.
func (c *Checker) calibrate() error {
	p, err := newPipe()
	if err != nil {
		return err
	}
	defer p.close()
	full := make([]byte, p.size)
	if err := p.write(full); err != nil {
		return err
	}
	q := question{fd: uint32(p.r)}
	if errno := run(c.program.FD(), &q); errno != 0 {
		return os.NewSyscallError("bpf BPF_PROG_TEST_RUN", errno)
	}
	if q.failed != 0 || q.reference == 0 {
		return errBlind
	}
	c.reference = q.reference
	start := time.Now()
	if err := c.expect(p, len(full)); err != nil {
		return err
	}
	c.cost = time.Since(start)
	return c.tryBorrowed()
}

// tryBorrowed demands that pages which are not the kernel's own are found among written ones: a program's, by vmsplice(2),
// and a file's, by splice(2).
func (c *Checker) tryBorrowed() error {
	page := os.Getpagesize()
	for _, lend := range []func(*pipe) error{(*pipe).lendMemory, (*pipe).lendFile} {
		p, err := newPipe()
		if err != nil {
			return err
		}
		err = errors.Join(p.write(make([]byte, page)), lend(p))
		if err == nil {
			err = c.expect(p, -1)
		}
		p.close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Checker) expect(p *pipe, want int) error {
	got, err := c.Written(p.r)
	if err == nil && got != want {
		err = errBlind
	}
	return err
}

// pipe is one to calibrate with.
type pipe struct {
	r, w, size int
	lent       []byte
}

// newPipe makes a pipe of the kernel's default size, or what the user's budget leaves of it.
func newPipe() (*pipe, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	p := &pipe{r: fds[0], w: fds[1]}
	size, err := unix.FcntlInt(uintptr(p.r), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		p.close()
		return nil, os.NewSyscallError("fcntl F_GETPIPE_SZ", err)
	}
	p.size = size
	return p, nil
}

func (p *pipe) close() {
	_ = unix.Close(p.r)
	_ = unix.Close(p.w)
	if p.lent != nil {
		_ = unix.Munmap(p.lent)
	}
}

func (p *pipe) write(b []byte) error {
	n, err := unix.Write(p.w, b)
	if err == nil && n < len(b) {
		err = fmt.Errorf("%d of %d bytes", n, len(b))
	}
	return os.NewSyscallError("write", err)
}

// lendMemory puts a page of ours into the pipe.
func (p *pipe) lendMemory() error {
	page := os.Getpagesize()
	lent, err := unix.Mmap(-1, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	p.lent = lent
	lent[0] = 1 // a page of its own, not the zero page
	v := unix.Iovec{Base: &lent[0]}
	v.SetLen(page)
	n, err := unix.Vmsplice(p.w, []unix.Iovec{v}, unix.SPLICE_F_NONBLOCK)
	if err == nil && n < page {
		err = unix.EAGAIN
	}
	return os.NewSyscallError("vmsplice", err)
}

// lendFile puts a page of a file into the pipe.
func (p *pipe) lendFile() error {
	page := os.Getpagesize()
	fd, err := unix.MemfdCreate("provenance", unix.MFD_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("memfd_create", err)
	}
	defer unix.Close(fd)
	if _, err := unix.Pwrite(fd, make([]byte, page), 0); err != nil {
		return os.NewSyscallError("pwrite", err)
	}
	from := int64(0)
	n, err := unix.Splice(fd, &from, p.w, nil, page, unix.SPLICE_F_NONBLOCK)
	if err == nil && n < int64(page) {
		err = unix.EAGAIN
	}
	return os.NewSyscallError("splice", err)
}
