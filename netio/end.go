package netio

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pipeSize is the size we ask for the pipes at both ends of the stream, in bytes: the most an unprivileged user may have
// (fs.pipe-max-size, pipe(7)). Larger pipes were measured and are slower: they no longer fit the cache.
const pipeSize = 1 << 20

// kind is what a descriptor at an end of the stream is; it decides how to avoid blocking on it.
type kind int

const (
	kindFile   kind = iota // regular file, block device, the null device: never waits for a peer, cannot be polled
	kindStream             // an open file description of our own with O_NONBLOCK: pipe, FIFO, terminal
	kindSocket             // MSG_DONTWAIT on each call
	kindPolled             // poll(2) before each call, and small writes: if there is no other way
)

// end is one end of the stream: a descriptor handed to us by the user, which other programs may share. Its flags are
// therefore never changed; a pipe or terminal is opened anew through /proc instead (proc(5)) to get an open file
// description of our own that does not block.
type end struct {
	fd   int // in use; equals user unless kind is kindStream
	user int // as handed to us
	kind kind
	name string // for people: "pipe", "regular file", ...
	pipe bool   // a pipe or FIFO

	was     int  // bytes that the pipe held before we made it larger; 0: we did not
	regular bool // a regular file
	trace   Tracer
}

func openEnd(fd, mode int, trace Tracer) (end, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return end{}, os.NewSyscallError("fstat", err)
	}
	e := end{fd: fd, user: fd, trace: trace}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFSOCK:
		e.kind, e.name = kindSocket, "socket"
	case unix.S_IFIFO:
		e.kind, e.name, e.pipe = kindPolled, "pipe", true
	case unix.S_IFREG:
		e.kind, e.name, e.regular = kindFile, "regular file", true
		if mode == unix.O_RDONLY && st.Size == 0 && watchable(fd) {
			e.kind = kindPolled // made by the kernel, and may have more later: /proc/kmsg
		}
	case unix.S_IFBLK:
		e.kind, e.name = kindFile, "block device"
	default:
		e.kind, e.name = deviceKind(fd)
	}
	if e.kind == kindPolled {
		e.improve(mode)
	}
	return e, nil
}

// lockPatience bounds the wait for a pipe's lock where we can do without it: another program inside splice(2) may hold
// the lock for as long as it likes, and fcntl(2) on a pipe and its last close(2) need it. An end that is not opened in
// time stays as it was handed to us, which is only slower.
const lockPatience = 250 * time.Millisecond

// improve makes the pipe larger and gets an open file description of our own.
func (e *end) improve(mode int) {
	better := make(chan end, 1)
	var decided atomic.Bool // set by whichever comes first, the goroutine or the timeout
	go func(e end) {
		if e.pipe {
			e.enlarge()
		}
		e.reopen(mode)
		if decided.CompareAndSwap(false, true) {
			better <- e
			return
		}
		_ = e.close() // nobody else has it
	}(*e)
	timeout := time.NewTimer(lockPatience)
	defer timeout.Stop()
	select {
	case *e = <-better:
	case <-timeout.C:
		if !decided.CompareAndSwap(false, true) {
			*e = <-better // just in time
		}
	}
}

// enlarge grows the pipe to pipeSize unless it is as large already. Beyond the user's budget the kernel refuses, and the
// pipe stays small.
func (e *end) enlarge() {
	was, err := unix.FcntlInt(uintptr(e.fd), unix.F_GETPIPE_SZ, 0)
	if err != nil || was >= pipeSize {
		return
	}
	if _, err := unix.FcntlInt(uintptr(e.fd), unix.F_SETPIPE_SZ, pipeSize); err == nil {
		e.was = was
	}
}

// restore gives the pipe its former size back, for those who use it after us. It stays large if it holds more than that
// (EBUSY, fcntl(2)) or if somebody else has resized it meanwhile.
func (e *end) restore() {
	if e.was == 0 {
		return
	}
	if now, err := unix.FcntlInt(uintptr(e.fd), unix.F_GETPIPE_SZ, 0); err == nil && now == pipeSize {
		_, _ = unix.FcntlInt(uintptr(e.fd), unix.F_SETPIPE_SZ, e.was)
	}
	e.was = 0
}

// watchable reports whether epoll can watch the descriptor, as far as that can be told.
func watchable(fd int) bool {
	p, err := NewPoller()
	if err != nil {
		return true
	}
	defer p.Close()
	return p.Add(fd, 0, 0) == nil
}

// deviceKind tells a device that can make us wait (a terminal) from one that cannot (the null device): only the first
// can be watched by epoll, which answers EPERM for the other (epoll_ctl(2)).
func deviceKind(fd int) (kind, string) {
	if !watchable(fd) {
		return kindFile, "device"
	}
	if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
		return kindPolled, "terminal"
	}
	return kindPolled, "device"
}

// reopen gets an open file description of our own. It is refused for another user's pipe, and for a pipe whose other end
// is closed; the end then stays as it is.
func (e *end) reopen(mode int) {
	path := fmt.Sprintf("/proc/self/fd/%d", e.user)
	fd, err := unix.Open(path, mode|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return
	}
	e.fd, e.kind = fd, kindStream
}

// FD is the descriptor to watch with a Poller, if the end is Pollable.
func (e *end) FD() int { return e.fd }

// Pollable reports whether the end can make us wait, so that ErrAgain can occur.
func (e *end) Pollable() bool { return e.kind != kindFile }

// String names what the end is, for people.
func (e *end) String() string { return e.name }

// close gives back what openEnd opened, and the pipe's size; the user's descriptor stays open.
func (e *end) close() error {
	e.restore()
	if e.fd == e.user {
		return nil
	}
	fd := e.fd
	e.fd = e.user
	return os.NewSyscallError("close", unix.Close(fd))
}

// closeSoon is close with a bounded wait: if it takes longer, it goes on in the background and its result is lost. Nobody
// may use the end afterwards.
func (e *end) closeSoon() error {
	if e.fd == e.user { // the number may belong to another file by then
		return e.close()
	}
	own := *e
	e.fd, e.was = e.user, 0
	closed := make(chan error, 1)
	go func() { closed <- own.close() }()
	timeout := time.NewTimer(lockPatience)
	defer timeout.Stop()
	select {
	case err := <-closed:
		return err
	case <-timeout.C:
		return nil
	}
}

// ready asks poll(2) whether the descriptor would not block for events now.
func (e *end) ready(events int16) bool { return e.events(events) != 0 }

// events asks poll(2) which of the events, or of those that need not be asked for, there are now.
func (e *end) events(asked int16) int16 {
	p := []unix.PollFd{{Fd: int32(e.fd), Events: asked}}
	n, err := again(func() (int, syscall.Errno) {
		n, err := unix.Poll(p, 0)
		return n, errno(err)
	})
	if err != 0 || n < 1 {
		return 0
	}
	return p[0].Revents
}
