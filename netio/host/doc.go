// Package host reads what the kernel says of this machine in files, below a root folder that is "/" but in tests, and what it
// grants the process: memory, threads and descriptors, by limits of the process and of the control groups that it is in
// (cgroups(7), getrlimit(2)).
//
//	root.go     files, settings of the kernel (sysctl), numbers of processes
//	rights.go   capabilities, and whether the users are the machine's own
//	cgroup.go   the control groups of this process, and where they are mounted
//	memory.go   what the process may have, by control groups; what the machine has
//	space.go    what it may map
//	threads.go  threads that it may have
//	files.go    descriptors
//
// Limits are read once, when a program starts, so that one is known before it hurts. A file that is missing, empty or may not
// be read counts as absent, which is no limit: containers hide many of them. So does one that says something we do not
// understand.
//
// Its height is below all other packages of ours: affinity, netio, bench and cmd read by it.
package host
