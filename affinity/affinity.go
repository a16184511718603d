// Package affinity knows the CPUs that the process may use and pins threads to them. It reads their topology (Machine)
// and which of them serve the queues of a network device (NIC). From that it chooses where event loops run
// (Machine.Choose) and which loop takes what arrives on a CPU (Machine.Nearest).
package affinity

import (
	"fmt"
	"os"
)

// MaxCPUs bounds CPU numbers: 0 to MaxCPUs-1. It is well above what Linux supports on amd64 and arm64 (NR_CPUS).
const MaxCPUs = 4096

// maxLoops is the most event loops that a process runs by default. Eight loops that move one or two GB/s each fill a
// 100G link; more of them only spread the working set over more caches.
const maxLoops = 8

// Allowed returns the CPUs that the process may run on, ascending: those of the calling thread (sched_getaffinity(2)), so
// a container's or taskset's restriction counts. A goroutine that called Pin sees its own CPU only; any other goroutine
// sees the whole set. Errors are an os.SyscallError.
func Allowed() ([]int, error) {
	var mask cpuMask
	if err := getAffinity(&mask); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	return mask.list(), nil
}

// Pin ties the calling thread to one CPU, 0 to MaxCPUs-1. The calling goroutine must have called runtime.LockOSThread,
// and must end without UnlockOSThread: the runtime then discards the thread; otherwise other goroutines would inherit the
// pin. An error is an os.SyscallError (EINVAL: no such CPU, or this process may not use it) or names the range; the
// thread then stays where it was.
func Pin(cpu int) error {
	if cpu < 0 || cpu >= MaxCPUs {
		return fmt.Errorf("pin to CPU %d: expected 0 to %d", cpu, MaxCPUs-1)
	}
	var mask cpuMask
	mask.add(cpu)
	return os.NewSyscallError("sched_setaffinity", setAffinity(&mask))
}

// Loops is the number of event loops that a process runs by default: half of the allowed CPUs, at least one, and at most
// one per link (threads) or maxLoops. The other half is not idle: the producer or consumer at our pipe, and the kernel's
// softirq work for the same links, need about as much CPU as the loops do.
func Loops(allowed, threads int) int {
	return max(1, min(allowed/2, threads, maxLoops))
}

// cpuMask is the kernel's cpumask: bit c is CPU c. The kernel makes it of unsigned longs, which have 64 bits on the
// machines we support.
type cpuMask [MaxCPUs / 64]uint64

func (m *cpuMask) add(cpu int) { m[cpu/64] |= 1 << (cpu % 64) }

func (m *cpuMask) has(cpu int) bool { return m[cpu/64]&(1<<(cpu%64)) != 0 }

// list returns the CPUs of the mask, ascending.
func (m *cpuMask) list() []int {
	var cpus []int
	for cpu := range MaxCPUs {
		if m.has(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}
