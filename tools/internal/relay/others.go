package relay

import (
	"fmt"

	"golang.org/x/sys/unix"

	"viamillipede/tools/internal/ends"
)

// copyTX PORT sends stdin to loopback by reading it into 1 MiB of memory and writing that.
func copyTX(args []string) error {
	conn, err := dial(args[0])
	if err != nil {
		return err
	}
	ends.Widen(0)
	b, err := ends.Memory(ends.PipeSize)
	if err != nil {
		return err
	}
	for {
		n, err := ends.Read(0, b)
		if err != nil || n == 0 {
			return err
		}
		for at := 0; at < n; {
			m, err := ends.Write(conn, b[at:n])
			if err != nil {
				return fmt.Errorf("write: %w", err)
			}
			at += m
		}
	}
}

// fileTX PORT sends stdin, a file, to loopback with sendfile(2).
func fileTX(args []string) error {
	conn, err := dial(args[0])
	if err != nil {
		return err
	}
	for {
		n, err := unix.Sendfile(conn, 0, nil, 1<<30)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return err
		}
	}
}

// fileRX PORT accepts one connection on loopback and splices it through a pipe to stdout, a file or the null device.
func fileRX(args []string) error {
	conn, err := answer(args[0])
	if err != nil {
		return err
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	ends.Widen(pipe[0])
	for {
		n, err := ends.Splice(conn, pipe[1], ends.PipeSize, unix.SPLICE_F_MOVE)
		if err != nil || n == 0 {
			return err
		}
		if err := drain(pipe[0], 1, n, unix.SPLICE_F_MOVE); err != nil {
			return err
		}
	}
}
