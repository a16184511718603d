// Package netio wraps the descriptors of the data path: sockets, the ends of the stream, pipes, epoll.
//
// The files follow the bytes: source.go (bytes in), conn.go (bytes across), pipe.go and file.go (bytes by reference),
// sink.go (bytes out), poller.go, nap.go, wake.go and vigil.go (who waits for what), info.go (what the kernel says of a connection).
//
// The packages below it are not on the data path:
//
//	dial        connections made and accepted, names, routes, devices, and what changes of them
//	host        what the kernel says of this machine in files, and what it grants the process
//	lane        the lanes of a LAG, of equal routes or of a card, and which one a connection takes
//	ethtool     what drivers of network cards say
//	bpf         the loader of BPF programs; steer, sockstats and provenance have some
//	lend        pages in a pipe that are somebody else's
//	lab         hosts made of network namespaces, for tests
//	probe       what the kernel lets this process do, by doing it
//
// Each system call has one wrapper: it retries EINTR, turns EAGAIN into ErrAgain and end of file into io.EOF, and returns
// every other error as an *os.SyscallError with the name of the man page. No call here blocks unless its comment says so.
package netio
