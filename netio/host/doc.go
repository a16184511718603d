// Package host reads the kernel's files about this machine, below a root folder ("/" except in tests), and what the
// kernel grants the process: memory, threads and descriptors, by limits of the process and of the control groups that it
// is in (cgroups(7), getrlimit(2)).
//
//	root.go     files, settings of the kernel (sysctl), numbers of processes
//	rights.go   capabilities, and whether the users are the machine's own
//	cgroup.go   the control groups of this process, and where they are mounted
//	memory.go   what the process may have, by control groups; what the machine has
//	space.go    what it may map
//	threads.go  threads that it may have
//	files.go    descriptors
//
// Limits are read once, when a program starts, so that they are known before they are hit. A file that is missing, empty
// or unreadable counts as absent, which means no limit: containers hide many of them. So does a file whose content we do
// not understand.
//
// It imports no other package of ours: affinity, netio, bench and cmd build on it.
package host
