package engine

import (
	"runtime"
	"sync"
)

// spare keeps one of Go's processors (GOMAXPROCS) more than there are loops. As long as one is idle, Go's monitor leaves a
// thread that is in a system call its own, unless the call takes 10 ms; else it would take it away after some 20 us, which costs
// the thread a wait for another one after every call on a source or a sink.
var spare struct {
	mu    sync.Mutex
	loops int // that run; guarded by mu
}

// granted is how many processors Go had at the start: the CPUs that this process may use, or less where its cgroup grants less
// CPU time than that.
var granted = sync.OnceValue(func() int { return runtime.GOMAXPROCS(0) })

// spareCPUs counts the loops of an end until the function that it returns is called. The number of processors never falls: a
// change stops the world. Where threads are few (m), none is spared: a processor can take one.
func (m Means) spareCPUs(loops int) (end func()) {
	if m.Loops > 0 {
		return func() {}
	}
	spare.mu.Lock()
	defer spare.mu.Unlock()
	granted() // before it is changed
	spare.loops += loops
	if need := spare.loops + 1; need > runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(need)
	}
	return func() {
		spare.mu.Lock()
		defer spare.mu.Unlock()
		spare.loops -= loops
	}
}
