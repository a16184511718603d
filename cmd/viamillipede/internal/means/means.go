// Package means fits a program into the limits of its container, user and process. They are read once, before anything is
// opened. If they are tight, the program does with less and says so; if they are too tight, it stops with one line.
// Running out later would kill it in the middle of a stream: Go ends a program that cannot get a thread, and the kernel
// ends one that cannot get memory.
package means

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"sync"

	"viamillipede/engine"
	"viamillipede/netio/host"
)

// Threads that a program with one end of a stream needs at the least, as measured: Go's own (the first, its monitor, one
// that makes others, two for signals), one that moves bytes, those that wait in the kernel while others run, and two that
// may be stuck there.
const (
	threadsLeast = 12
	threadsMore  = 1 // for each loop beyond the very first
	// For each CPU beyond the first, with a loop of its own: on a busy machine Go replaces many threads that only wait for a CPU. Two CPUs
	// were seen to need 25 threads.
	threadsOfCPU = 16
	// With threadsRoom more threads allowed than for all CPUs there is no need to look further.
	threadsRoom = 64
	// threadsKept bounds the threads that are made in advance.
	threadsKept = 24
)

// Memory of the program itself besides the window of each end, as measured: Go's heap and what the kernel holds for it.
const memoryOwn = 14 << 20

// Memory that Go may map while the program runs, besides the windows: its heap grows by 64 MiB at a time, of which it
// touches only what it needs, and threads have stacks.
const spaceOwn = 80 << 20

// filesLeast is how many descriptors the program takes before it can count them: two of them for Go's poller.
const filesLeast = 5

// Begin reports whether Go can run here at all. Its runtime ends the program where there is no descriptor for its poller, which
// the first timer or file needs, so it must be called before either. The error is an *engine.Error.
func Begin() error {
	if left := host.Spare(filesLeast); left < filesLeast {
		return cannot("%v", engine.TooFewFiles(left, filesLeast))
	}
	return nil
}

// Provide makes a program with that many ends of streams, 1 or more, fit into what this machine grants, read below root.
// So many threads, aside, are left to programs that it will start. It must be called once, before the program has many threads. notes are
// lines for a user who wants to know more. An error, an *engine.Error, means that the limits are too tight.
func Provide(root host.Root, ends, aside int) (m engine.Means, notes []string, err error) {
	t := root.Threads()
	p, err := divide(t, runtime.GOMAXPROCS(0), ends, aside)
	if err != nil {
		return m, nil, err
	}
	if p.loops > 0 {
		runtime.GOMAXPROCS(p.procs)
		hold(p.kept)
		m.Loops = p.loops
		notes = append(notes, fmt.Sprintf("%s allows %d threads: at most %s for each end", t.By, t.Have+t.Room, count(p.loops, "loop")))
	}
	if f := root.Files(); f.Limit != host.Unlimited {
		m.Files = max(1, f.Room/ends)
	}
	if g := root.Memory(); g.Limit > 0 {
		if m.Memory, err = window(g, ends); err != nil {
			return m, nil, err
		}
		heed(g)
	}
	if s := root.Space(); s.By != "" {
		fits, err := mapped(s, ends)
		if err != nil {
			return m, nil, err
		}
		if m.Memory == 0 || fits < m.Memory {
			m.Memory = fits
		}
	}
	return m, notes, nil
}

// plan is how threads are divided. The zero plan means that there are enough.
type plan struct {
	loops int // at most, of each end
	procs int // GOMAXPROCS
	kept  int // threads to make in advance
}

// divide makes a plan for so many ends, and so many threads of other programs (aside), if Go would run on so many CPUs (procs).
func divide(t host.Threads, procs, ends, aside int) (plan, error) {
	room := t.Room - aside
	if room >= threadsRoom+threadsOfCPU*procs {
		return plan{}, nil
	}
	all, least := t.Have+room, threadsLeast+(ends-1)*threadsMore
	if all < least {
		return plan{}, cannot("%s allows %d threads, and at least %d are needed", t.By, all+aside, least+aside)
	}
	more := (all - least) / threadsOfCPU
	return plan{loops: 1 + more/ends, procs: min(procs, 1+more), kept: min(room, threadsKept)}, nil
}

// cannot returns the error that says why the program stops.
func cannot(format string, args ...any) error {
	return &engine.Error{Status: engine.StatusLocalPipe, Reason: "cannot start: " + fmt.Sprintf(format, args...)}
}

// count is a number of things.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprint(n, " ", thing)
}

// hold makes Go start n threads now; it keeps idle ones for reuse. The goroutines are locked to their threads, so each
// keeps its thread while it waits.
func hold(n int) {
	var here, gone sync.WaitGroup
	here.Add(n)
	leave := make(chan struct{})
	for range n {
		gone.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			here.Done()
			<-leave
		})
	}
	here.Wait()
	close(leave)
	gone.Wait()
}

// window is the most that the window of an end may take, in bytes: payload can be in memory twice, in the window and in
// the kernel's sockets.
func window(g host.Memory, ends int) (int64, error) {
	left, least := g.Room-memoryOwn, int64(2*engine.MinWindow*ends)
	if left < least {
		return 0, cannot("this control group leaves %dM of memory, and at least %dM are needed", g.Room>>20, (least+memoryOwn)>>20)
	}
	return left / 2 / int64(ends), nil
}

// mapped is the most that the window of an end may take of what the process may map, in bytes; the kernel's sockets do
// not count there.
func mapped(s host.Space, ends int) (int64, error) {
	left, least := s.Room-spaceOwn, int64(engine.MinWindow*ends)
	if left < least {
		return 0, cannot("%s leaves %dM of memory to map, and at least %dM are needed", s.By, s.Room>>20, (least+spaceOwn)>>20)
	}
	return left / int64(ends), nil
}

// heed makes Go's garbage collector work harder before memory runs out, unless the user has set GOMEMLIMIT.
func heed(g host.Memory) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(max(memoryOwn, g.Room/4))
	}
}
