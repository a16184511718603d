package provenance

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"viamillipede/netio/bpf"
	"viamillipede/netio/lend"
)

// Checker examines pipes. Any goroutine may use it.
type Checker struct {
	program   *ebpf.Program
	reference uint64        // the ops pointer of a page made by write(2)
	cost      time.Duration // of checking a full pipe, measured at the start
}

// question is what the program is asked, and its answer; slots.bpf.c has the same struct.
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

// New loads the program and tries it; it takes a few milliseconds. The caller
// closes the result. Errors: no permission, a kernel without the feature, or one on which the pages cannot be told apart.
func New() (*Checker, error) {
	var objects SlotsObjects
	if err := bpf.Load(LoadSlots, &objects, bpf.Changes{}); err != nil {
		return nil, fmt.Errorf("load the provenance check: %w", err)
	}
	c := &Checker{program: objects.Look}
	if err := c.calibrate(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Written returns how many bytes the pipe holds if every slot is a page that write(2) made, and -1 if any is not. If
// somebody else may write to the pipe meanwhile, the answer is only a good guess, since no lock is taken. An error means
// that the kernel did not answer.
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

// calibrate learns the reference from a written page and then checks that the program answers correctly.
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

// tryBorrowed checks that pages which are not the kernel's own are detected among written ones: a program's, by
// vmsplice(2), and a file's, by splice(2).
func (c *Checker) tryBorrowed() error {
	for _, put := range []func(w int, first byte) (*lend.Page, error){lend.Memory, lend.File} {
		p, err := newPipe()
		if err != nil {
			return err
		}
		err = c.tryAmongWritten(p, put)
		p.close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Checker) tryAmongWritten(p *pipe, put func(w int, first byte) (*lend.Page, error)) error {
	if err := p.write(make([]byte, os.Getpagesize())); err != nil {
		return err
	}
	page, err := put(p.w, 1)
	if err != nil {
		return err
	}
	defer page.Close()
	return c.expect(p, -1)
}

func (c *Checker) expect(p *pipe, want int) error {
	got, err := c.Written(p.r)
	if err == nil && got != want {
		err = errBlind
	}
	return err
}

// pipe is a pipe to calibrate with.
type pipe struct {
	r, w, size int
}

// newPipe makes a pipe of the kernel's default size, or less if the user's budget does not allow it.
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
}

func (p *pipe) write(b []byte) error {
	n, err := unix.Write(p.w, b)
	if err == nil && n < len(b) {
		err = fmt.Errorf("%d of %d bytes", n, len(b))
	}
	return os.NewSyscallError("write", err)
}
