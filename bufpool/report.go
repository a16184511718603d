package bufpool

// Advice is what New asked of the kernel for the arenas, and what came of it. It always asks that child processes do not
// get them.
type Advice struct {
	Nodes   []int   // preferred for some arena, in ascending order; nil if there are none
	Refused []error // what the kernel refused
	Missed  int64   // buffers that could not move to a reserved huge page
}

// Pages is what came of asking for huge pages.
type Pages struct {
	All      int     // size of all arenas, in bytes
	Reserved int     // bytes of All that have a place in a reserve
	Tried    bool    // a page of a reserve was tried
	Advised  int     // bytes of All for which the kernel uses transparent huge pages if it can
	Refused  []error // what the kernel refused
}
