// Package host reads what this machine grants the process: memory, threads and descriptors, by limits of the process and of
// the control groups that it is in (cgroups(7), getrlimit(2)). It is read once, when a program starts, so that a limit is
// known before it hurts.
//
// A file that is missing, empty or may not be read counts as absent, which is no limit: containers hide many of them. So does
// one that says something we do not understand.
package host
