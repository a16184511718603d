// Package netio holds everything that has a file descriptor: sockets, the ends of the stream, epoll.
//
// Files follow the bytes: source.go (bytes in), dial.go and listen.go (connections made), group.go and steering.go (which
// of several listeners gets a connection), conn.go (bytes across), sink.go (bytes out), poller.go and wake.go (who waits
// for what), info.go (what the kernel says of a connection), route.go (which device belongs to what).
//
// One wrapper per system call: it retries EINTR, turns EAGAIN into ErrAgain, end of file into io.EOF, and gives every
// other error as an *os.SyscallError with the name of the man page. No call here blocks unless its comment says so.
package netio
