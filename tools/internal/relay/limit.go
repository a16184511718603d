package relay

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"viamillipede/tools/internal/ends"
)

// The limit is the least that a lossless zero-copy pipe must do: one connection, no frames, no order to keep, nothing
// ever resent; but the sender keeps a copy by reference of what it sends until that is sent. It uses cubic congestion
// control, so that pacing does not hide the cost.

// limitRX PORT takes one connection on loopback and splices it to stdout.
func limitRX(args []string) error {
	conn, err := answer(args[0])
	if err != nil {
		return err
	}
	ends.Widen(1)
	for {
		n, err := ends.Splice(conn, 1, ends.PipeSize, unix.SPLICE_F_MOVE)
		if err != nil {
			return fmt.Errorf("splice: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}

// limitTX PORT sends stdin to loopback: stdin -> held -> (by reference) copy -> socket; then held -> null.
func limitTX(args []string) error {
	conn, err := dial(args[0])
	if err != nil {
		return err
	}
	r, err := newRelay(conn)
	if err != nil {
		return err
	}
	for {
		n, err := r.gather()
		if err != nil || n == 0 {
			return err
		}
		if err := r.send(n); err != nil {
			return err
		}
	}
}

// relay is the sender's plumbing; each pair is the read and write end of a pipe.
type relay struct {
	conn, null int
	held, copy [2]int
}

func newRelay(conn int) (*relay, error) {
	r := &relay{conn: conn}
	ends.Widen(0)
	for _, pipe := range []*[2]int{&r.held, &r.copy} {
		if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
			return nil, fmt.Errorf("pipe: %w", err)
		}
		ends.Widen(pipe[0])
	}
	var err error
	r.null, err = unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	return r, err
}

// gather moves what stdin has into held, at least one byte, until half a pipe is full or stdin has no more for now; 0
// means the end of stdin.
func (r *relay) gather() (int, error) {
	got, flags := 0, unix.SPLICE_F_MOVE
	for got < ends.PipeSize/2 {
		n, err := ends.Splice(0, r.held[1], ends.PipeSize-got, flags)
		if err == unix.EAGAIN || err == nil && n == 0 {
			break
		}
		if err != nil {
			return got, fmt.Errorf("splice: %w", err)
		}
		got += n
		flags |= unix.SPLICE_F_NONBLOCK
	}
	return got, nil
}

// send sends n bytes of held and then drops them.
func (r *relay) send(n int) error {
	copied, err := ends.Tee(r.held[0], r.copy[1], n)
	if err != nil || copied != n {
		return fmt.Errorf("tee of %d bytes gave %d: %w", n, copied, err)
	}
	if err := drain(r.copy[0], r.conn, n, unix.SPLICE_F_MOVE|unix.SPLICE_F_MORE); err != nil {
		return err
	}
	return drain(r.held[0], r.null, n, unix.SPLICE_F_MOVE)
}

// drain moves n bytes from a pipe that holds them.
func drain(pipe, to, n, flags int) error {
	for n > 0 {
		moved, err := ends.Splice(pipe, to, n, flags)
		if err != nil || moved == 0 {
			return fmt.Errorf("splice moved %d of %d bytes: %w", moved, n, err)
		}
		n -= moved
	}
	return nil
}

// answer accepts one connection on a loopback port.
func answer(port string) (int, error) {
	at, err := loopback(port)
	if err != nil {
		return -1, err
	}
	listener, err := socket()
	if err != nil {
		return -1, err
	}
	if err := unix.SetsockoptInt(listener, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return -1, fmt.Errorf("setsockopt: %w", err)
	}
	if err := unix.Bind(listener, at); err != nil {
		return -1, fmt.Errorf("bind: %w", err)
	}
	if err := unix.Listen(listener, 1); err != nil {
		return -1, fmt.Errorf("listen: %w", err)
	}
	conn, _, err := unix.Accept(listener)
	if err != nil {
		return -1, fmt.Errorf("accept: %w", err)
	}
	return conn, nil
}

// dial connects to a loopback port.
func dial(port string) (int, error) {
	at, err := loopback(port)
	if err != nil {
		return -1, err
	}
	conn, err := socket()
	if err != nil {
		return -1, err
	}
	if err := unix.Connect(conn, at); err != nil {
		return -1, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}

// socket makes a TCP socket with cubic congestion control.
func socket() (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if err := unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, "cubic"); err != nil {
		return -1, fmt.Errorf("congestion control cubic: %w", err)
	}
	return fd, nil
}

func loopback(port string) (*unix.SockaddrInet4, error) {
	n, err := strconv.ParseUint(port, 10, 16)
	return &unix.SockaddrInet4{Port: int(n), Addr: [4]byte{127, 0, 0, 1}}, err
}
