package affinity

// InHalves gives each of the loops of an end, at least one, a CPU of those allowed, when nothing is known of the devices of its stream.
//
// A sender takes its CPUs from the lower half of those allowed, a receiver from the upper one. With both on one machine, a CPU each was
// measured to be an eighth faster than what the kernel does by itself, and one CPU for both an eighth slower. turn, a number of the
// process, decides where in its half each begins, so that streams side by side differ. More loops than half of the CPUs take all, and
// the first of them is in its end's half, since the others may have less to do.
func InHalves(allowed []int, upper bool, loops, turn int) []int {
	from, to := 0, max(1, len(allowed)/2)
	if upper {
		from, to = len(allowed)/2, len(allowed)
	}
	first := from + turn%(to-from)
	if loops > len(allowed)/2 {
		from, to = 0, len(allowed)
	}
	n := to - from
	cpus := make([]int, loops)
	for i := range cpus {
		cpus[i] = allowed[from+(first-from+i*n/loops)%n]
	}
	return cpus
}
