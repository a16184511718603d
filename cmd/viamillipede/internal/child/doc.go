// Package child runs the program of an exec: a shell's command as the producer or consumer of a stream, or as both, of whose process group
// nothing is left behind, whichever one process dies.
//
//	child.go    the program as viamillipede sees it: pipes, start, exit status, end
//	terminal.go a terminal in place of pipes
//	keeper.go   the process in between, which outlives viamillipede for as long as it takes to end the program
//	status.go   an exit status in words
//
// Between viamillipede and the shell there is a keeper, which is viamillipede again under another name. It leads a session, and so a process
// group, to which the shell and what that starts belong, and without a terminal: a program that asks there fails at once, where one in
// the background of a terminal would be stopped for ever. What each death leads to:
//
//	viamillipede   the keeper's socket ends: it ends the group, SIGTERM and then SIGKILL. It has a copy of the program's input, so
//	               that no consumer sees an end of it before that
//	the keeper     the kernel kills the shell (PR_SET_PDEATHSIG), and viamillipede the group; if that died with it, what
//	               the shell has started is left, and may see an end of its input: only a cgroup or a PID namespace could help
//	the shell      its exit status goes to viamillipede. Unless it is 0, the rest of the group is ended, so that nobody holds the
//	               stream's pipe
package child
