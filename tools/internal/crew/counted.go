package crew

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Cost is what a process and all its threads cost until their end.
type Cost struct {
	Seconds    float64 // of CPU, user and system
	Waits      float64 // voluntary context switches: a thread had to wait for something
	Preempted  float64 // involuntary ones: another thread had the CPU
	Migrations float64 // how often a thread went on on another CPU
}

// PerGiB is the cost for each GiB of a stream.
func (c Cost) PerGiB(bytes uint64) Cost {
	gib := float64(bytes) / (1 << 30)
	return Cost{c.Seconds / gib, c.Waits / gib, c.Preempted / gib, c.Migrations / gib}
}

// StartCounted is Start for a process whose Cost is wanted. All but migrations are had of every process; for those the kernel
// has to be asked before the process has a second thread. So it is stopped at its first instruction (ptrace(2),
// PTRACE_TRACEME), given a counter that its threads inherit, and let go of.
func (c *Crew) StartCounted(argv []string, stdin, stdout *os.File, env ...string) (*Child, error) {
	runtime.LockOSThread() // the thread that starts a traced process is the one that may let it go
	defer runtime.UnlockOSThread()
	p, err := c.begin(argv, stdin, stdout, env, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Ptrace: true})
	if err != nil {
		return nil, err
	}
	if err := p.stopped(); err != nil {
		return nil, err
	}
	p.counter, p.uncounted = countMigrations(p.Process.Pid)
	return p, os.NewSyscallError("ptrace PTRACE_DETACH", syscall.PtraceDetach(p.Process.Pid))
}

// stopped waits until the process has stopped at its first instruction.
func (p *Child) stopped() error {
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(p.Process.Pid, &status, 0, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return os.NewSyscallError("wait4", err)
		case !status.Stopped():
			return fmt.Errorf("%s did not start: wait status %#x", p.Path, int(status))
		}
		return nil
	}
}

// countMigrations counts how often the threads of a process move, those too that it will have (perf_event_open(2)).
func countMigrations(pid int) (*os.File, error) {
	attr := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_MIGRATIONS, Size: unix.PERF_ATTR_SIZE_VER0,
		Bits: unix.PerfBitInherit,
	}
	const anyCPU, noGroup = -1, -1
	fd, err := unix.PerfEventOpen(&attr, pid, anyCPU, noGroup, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("perf_event_open", err)
	}
	return os.NewFile(uintptr(fd), "counter"), nil
}

// Cost is that of a process which was waited for and was started by StartCounted. The error says why migrations could not be
// counted; the rest is right then, too.
func (p *Child) Cost() (Cost, error) {
	usage := p.ProcessState.SysUsage().(*syscall.Rusage)
	cost := Cost{Seconds: p.CPU().Seconds(), Waits: float64(usage.Nvcsw), Preempted: float64(usage.Nivcsw)}
	if p.counter == nil {
		return cost, p.uncounted
	}
	n, err := readCount(p.counter)
	cost.Migrations = float64(n)
	return cost, err
}

// readCount reads a counter, which is one number in the machine's order.
func readCount(f *os.File) (uint64, error) {
	var b [8]byte
	if _, err := f.Read(b[:]); err != nil {
		return 0, fmt.Errorf("read a counter: %w", err)
	}
	return binary.NativeEndian.Uint64(b[:]), nil
}
