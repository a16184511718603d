package stream

import (
	"runtime"
	"sync"
)

// spare keeps one more of Go's processors (GOMAXPROCS) than there are loops. While one is idle, Go's monitor lets a thread in a system
// call keep its processor, unless the call takes 10 ms. Otherwise it would take the processor away after some 20 us, and the thread
// would have to wait for another one after every call on a source or a sink.
var spare struct {
	mu    sync.Mutex
	loops int // that run; guarded by mu
}

// spareMost bounds that, in multiples of the CPUs: of a hundred streams most are idle, and whoever looks for work, or watches over who is in
// the kernel, looks at each processor.
const spareMost = 8

// granted is how many processors Go had at the start: the CPUs that this process may use, or less where its cgroup grants less
// CPU time than that.
var granted = sync.OnceValue(func() int { return runtime.GOMAXPROCS(0) })

// SpareCPUs counts the loops of an end until the function that it returns is called. The number of processors never falls, because a
// change stops the world. If threads are few (m), none is spared, because each may take a thread.
func (m Means) SpareCPUs(loops int) (end func()) {
	if m.Loops > 0 {
		return func() {}
	}
	spare.mu.Lock()
	defer spare.mu.Unlock()
	granted() // before it is changed
	spare.loops += loops
	if need := min(spare.loops+1, spareMost*granted()); need > runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(need)
	}
	return func() {
		spare.mu.Lock()
		defer spare.mu.Unlock()
		spare.loops -= loops
	}
}
