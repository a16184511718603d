package bufpool

// Advice is what the kernel was asked for the arenas at first, and what came of it. It is always asked that a child process does not
// get them.
type Advice struct {
	Nodes   []int   // that are preferred for some arena, in ascending order; nil: none is
	Refused []error // what the kernel refused
	Missed  int64   // buffers that found no reserved huge page when they were to move there
}

// Pages is what came of the wish for huge pages.
type Pages struct {
	All      int     // bytes of all arenas
	Reserved int     // of them, in reserves
	Tried    bool    // a page of a reserve was touched
	Advised  int     // of them, where the kernel will use transparent huge pages if it can
	Refused  []error // what the kernel refused
}
