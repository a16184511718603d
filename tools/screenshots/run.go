package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/creack/pty"

	"viamillipede/netio/lab"
)

const port = "8834"

// rates are what the paths carry, in bits a second.
var rates = []uint64{400_000_000, 100_000_000}

// act is something that happens, and how long it lasts.
type act struct {
	does  func(l *lab.Lab) error
	lasts time.Duration
}

// play is the run: the first path goes and is back, and then both do.
var play = []act{
	{func(*lab.Lab) error { return nil }, 6 * time.Second},
	{func(l *lab.Lab) error { return l.PathDown(0) }, 8 * time.Second},
	{func(l *lab.Lab) error { return l.PathUp(0) }, 7 * time.Second},
	{bothDown, 9 * time.Second},
	{bothUp, 9 * time.Second},
}

func bothDown(l *lab.Lab) error { return each(l, l.PathDown) }

func bothUp(l *lab.Lab) error { return each(l, l.PathUp) }

func each(l *lab.Lab, do func(int) error) error {
	for i := range l.Paths() {
		if err := do(i); err != nil {
			return err
		}
	}
	return nil
}

// run plays, and returns the screen at the end.
func run(ctx context.Context, program string, columns, rows int) (*screen, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	sockets, err := os.MkdirTemp("", "screenshots-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(sockets)
	l, err := lab.Open(lab.Config{Paths: len(rates)})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	for i, rate := range rates {
		if err := l.Shape(i, rate); err != nil {
			return nil, err
		}
	}
	if err := os.Setenv("XDG_RUNTIME_DIR", sockets); err != nil { // where programs listen, and are found
		return nil, err
	}
	start := func(side lab.Side, words ...string) (pid string, err error) {
		c := l.Command(ctx, side, program, words...)
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			return "", err
		}
		return fmt.Sprint(c.Process.Pid), nil
	}
	var words []string
	for i := range rates {
		words = append(words, "tx", l.Address(lab.RX, i), port)
	}
	tx, err := start(lab.TX, append(words, "threads", "6", "prbs", "1", "size", "20G")...)
	if err != nil {
		return nil, err
	}
	rx, err := start(lab.RX, "rx", port, "exec", "cat >/dev/null")
	if err != nil {
		return nil, err
	}
	for _, pid := range []string{tx, rx} {
		if err := await(ctx, filepath.Join(sockets, "viamillipede", pid+".sock")); err != nil {
			return nil, err
		}
	}
	s, end, err := show(ctx, l, columns, rows, program, "top", tx, rx)
	if err != nil {
		return nil, err
	}
	defer end()
	for _, a := range play {
		if err := a.does(l); err != nil {
			return nil, err
		}
		select {
		case <-time.After(a.lasts):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return s.copy(), nil
}

// await waits for a file.
func await(ctx context.Context, name string) error {
	const look = 10 * time.Millisecond
	for {
		if _, err := os.Stat(name); err == nil {
			return nil
		}
		select {
		case <-time.After(look):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// show starts a program on a terminal, until end is called.
func show(ctx context.Context, l *lab.Lab, columns, rows int, program string, words ...string) (s *screen, end func(), err error) {
	far, near, err := pty.Open()
	if err != nil {
		return nil, nil, err
	}
	defer near.Close()
	if err := pty.Setsize(far, &pty.Winsize{Cols: uint16(columns), Rows: uint16(rows)}); err != nil {
		far.Close()
		return nil, nil, err
	}
	c := l.Command(ctx, lab.TX, program, words...)
	c.Stdin, c.Stdout, c.Stderr = near, near, os.Stderr
	c.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8", "NO_COLOR=")
	if err := c.Start(); err != nil {
		far.Close()
		return nil, nil, fmt.Errorf("start %s: %w", program, err)
	}
	s = newScreen(columns, rows)
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(s, far) // until the terminal is closed
	}()
	return s, func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		far.Close()
		<-read
	}, nil
}
