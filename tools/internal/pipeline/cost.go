package pipeline

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Cost is what a process with all its threads cost over its life.
type Cost struct {
	Seconds    float64 // of CPU, user and system
	Waits      float64 // voluntary context switches: a thread had to wait for something
	Preempted  float64 // involuntary ones: another thread had the CPU
	Migrations float64 // how often a thread moved to another CPU; 0 if not counted (Plan.Counted)
	Peak       float64 // largest resident memory (VmHWM), MiB; 0 if not looked for (Plan.Watched)
}

// PerGiB is the cost per GiB of a stream; the peak of its memory is that of the whole.
func (c Cost) PerGiB(bytes uint64) Cost {
	gib := float64(bytes) / (1 << 30)
	return Cost{c.Seconds / gib, c.Waits / gib, c.Preempted / gib, c.Migrations / gib, c.Peak}
}

// startCounted is Start for a process whose migrations are to be counted. The other costs are known for every process;
// migrations must be counted from before the process has a second thread. So it is stopped at its first instruction
// (ptrace(2), PTRACE_TRACEME), given a counter that its threads inherit, and detached.
func (p *Child) startCounted() error {
	runtime.LockOSThread() // only the thread that starts a traced process may detach it
	defer runtime.UnlockOSThread()
	p.SysProcAttr.Ptrace = true
	if err := p.Start(); err != nil {
		return err
	}
	if err := p.stopped(); err != nil {
		return err
	}
	p.counter, p.uncounted = countMigrations(p.Process.Pid)
	return os.NewSyscallError("ptrace PTRACE_DETACH", syscall.PtraceDetach(p.Process.Pid))
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

// countMigrations counts how often the threads of a process move, including those that it will have (perf_event_open(2)).
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

// cost is the cost of a process that was waited for; zero for one that was not started. The error says why requested
// migrations could not be counted; the rest is valid all the same.
func (p *Child) cost() (Cost, error) {
	if p == nil {
		return Cost{}, nil
	}
	usage := p.ProcessState.SysUsage().(*syscall.Rusage)
	cost := Cost{Seconds: p.cpu().Seconds(), Waits: float64(usage.Nvcsw), Preempted: float64(usage.Nivcsw), Peak: p.peak()}
	if p.counter == nil {
		return cost, p.uncounted
	}
	n, err := readCount(p.counter)
	cost.Migrations = float64(n)
	return cost, err
}

// readCount reads a counter, which is one number in host byte order.
func readCount(f *os.File) (uint64, error) {
	var b [8]byte
	if _, err := f.Read(b[:]); err != nil {
		return 0, fmt.Errorf("read a counter: %w", err)
	}
	return binary.NativeEndian.Uint64(b[:]), nil
}
