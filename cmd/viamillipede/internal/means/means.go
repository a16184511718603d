// Package means makes a program get by with what a container, a user or a process may have. That is read once, before anything is
// opened. Where it is little, the program does with less and says so; where it is too little, it stops with one line. What is
// lacking later would end it in the middle of a stream: Go ends a program that cannot have a thread, and the kernel one that
// cannot have memory.
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

// Threads of a program with one end of a stream that does with few, measured: Go's own (the first, its monitor, one that makes
// others, two for signals), one that moves bytes, those that wait in the kernel while others run, and two that may be stuck there.
const (
	threadsLeast = 12
	threadsMore  = 1 // for each loop beyond the first of all
	// threadsRoom is how many may be added where there is no need to look further.
	threadsRoom = 64
	// threadsKept bounds those that are made ahead.
	threadsKept = 24
)

// Memory of the program itself, measured, beside the window of each end: Go's heap and what the kernel holds for it.
const memoryOwn = 14 << 20

// Memory that Go may map while the program runs, beside the windows: its heap grows by 64 MiB at a time, of which it writes to
// what it needs, and threads have stacks.
const spaceOwn = 80 << 20

// Provide sees to it that so many ends of streams, 1 or more, get by with what this machine grants; root is where that is read.
// It is called once, before the program has many threads. notes are lines for a user who wants to know more. The error, an
// *engine.Error, is that it cannot work.
func Provide(root host.Root, ends int) (m engine.Means, notes []string, err error) {
	t := root.Threads()
	p, err := divide(t, runtime.GOMAXPROCS(0), ends)
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

// plan is how threads are divided. The zero plan is that there are enough.
type plan struct {
	loops int // of each end at most
	procs int // GOMAXPROCS
	kept  int // to be made ahead
}

// divide makes a plan for so many ends, where Go would run on so many CPUs.
func divide(t host.Threads, procs, ends int) (plan, error) {
	if t.Room >= threadsRoom+2*procs {
		return plan{}, nil
	}
	all, least := t.Have+t.Room, threadsLeast+(ends-1)*threadsMore
	if all < least {
		return plan{}, cannot("%s allows %d threads, and at least %d are needed", t.By, all, least)
	}
	more := (all - least) / 4
	return plan{loops: 1 + more/ends, procs: min(procs, 1+more), kept: min(t.Room, threadsKept)}, nil
}

// cannot is why the program stops.
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

// hold makes Go start so many threads now: it keeps those that have nothing to do, and uses them again. A goroutine that
// is locked to its thread takes it along when it waits.
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

// window is what the window of an end may take: payload can be in memory twice, in the window and in the kernel's sockets.
func window(g host.Memory, ends int) (int64, error) {
	left, least := g.Room-memoryOwn, int64(2*engine.MinWindow*ends)
	if left < least {
		return 0, cannot("this control group leaves %dM of memory, and at least %dM are needed", g.Room>>20, (least+memoryOwn)>>20)
	}
	return left / 2 / int64(ends), nil
}

// mapped is what the window of an end may take of what the process may map; the kernel's sockets are no part of that.
func mapped(s host.Space, ends int) (int64, error) {
	left, least := s.Room-spaceOwn, int64(engine.MinWindow*ends)
	if left < least {
		return 0, cannot("%s leaves %dM of memory to map, and at least %dM are needed", s.By, s.Room>>20, (least+spaceOwn)>>20)
	}
	return left / int64(ends), nil
}

// heed makes Go's collector work harder before memory runs out, unless the user has chosen when (GOMEMLIMIT).
func heed(g host.Memory) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(max(memoryOwn, g.Room/4))
	}
}
