package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"viamillipede/tools/internal/pipeline"
	"viamillipede/tools/internal/relay"
)

const (
	loadLimit = time.Minute // for one load, from its start to its end
	poll      = 20 * time.Millisecond
	window    = "16M" // of each of our streams; as many as 64 of them fit any machine
)

// load is the processes of so many streams. One goroutine at a time may use it.
type load struct {
	ctx    context.Context
	folder string
	tx, rx []*process
	others []*process // producers, and the relays' consumers; ours are the receiver's children
	stays  bool       // the receiver ends when it is asked to
}

// process is one of them, and what it said.
type process struct {
	*exec.Cmd
	said bytes.Buffer
}

// start starts a process. A nil file is the null device.
func (l *load) start(argv []string, in, out *os.File) (*process, error) {
	p := &process{Cmd: exec.CommandContext(l.ctx, argv[0], argv[1:]...)}
	p.Stderr, p.WaitDelay = &p.said, time.Second
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if in != nil {
		p.Stdin = in
	}
	if out != nil {
		p.Stdout = out
	}
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	return p, nil
}

// piped starts two processes with a pipe between them.
func (l *load) piped(from, to []string) (first, second *process, err error) {
	r, w, err := pipeline.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	defer w.Close()
	if first, err = l.start(from, nil, w); err == nil {
		second, err = l.start(to, r, nil)
	}
	return first, second, err
}

// ours starts so many senders, and one receiver for all.
func (l *load) ours(set settings, n int) error {
	port, err := pipeline.FreePort()
	if err != nil {
		return err
	}
	text := strconv.Itoa(int(port))
	sink := fmt.Sprintf("exec '%s' %s '%s'", set.self, roleDrain, l.folder)
	rx, err := l.start([]string{set.bin, "rx", text, "keep", strconv.Itoa(n), "window", window, "exec", sink}, nil, nil)
	if err != nil {
		return err
	}
	l.rx, l.stays = append(l.rx, rx), true
	if err := l.listening(port); err != nil {
		return err
	}
	for range n {
		if err := l.feeds(set, []string{set.bin, "tx", "127.0.0.1", text, "window", window}); err != nil {
			return err
		}
	}
	return nil
}

// bare starts so many relays.
func (l *load) bare(set settings, n int) error {
	for range n {
		port, err := pipeline.FreePort()
		if err != nil {
			return err
		}
		fill := func(argv []string) []string {
			return strings.Split(strings.ReplaceAll(strings.Join(argv, "\x00"), "PORT", strconv.Itoa(int(port))), "\x00")
		}
		pair := relay.Limit(set.self)
		rx, sink, err := l.piped(fill(pair.RX), []string{set.self, roleDrain, l.folder})
		if err != nil {
			return err
		}
		l.rx, l.others = append(l.rx, rx), append(l.others, sink)
		if err := l.listening(port); err != nil {
			return err
		}
		if err := l.feeds(set, fill(pair.TX)); err != nil {
			return err
		}
	}
	return nil
}

// feeds starts a sender and its producer.
func (l *load) feeds(set settings, argv []string) error {
	source, tx, err := l.piped([]string{set.self, rolePour, l.folder}, argv)
	if err != nil {
		return err
	}
	l.others, l.tx = append(l.others, source), append(l.tx, tx)
	return nil
}

// listening waits until somebody listens on a port.
func (l *load) listening(port uint16) error {
	return l.until(fmt.Sprintf("nobody listens on port %d", port), func() (bool, error) {
		for _, table := range []string{"tcp", "tcp6"} {
			if text, err := os.ReadFile("/proc/net/" + table); err == nil && pipeline.HasListener(string(text), port) {
				return true, nil
			}
		}
		return false, nil
	})
}

// until waits until done says yes.
func (l *load) until(what string, done func() (bool, error)) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if yes, err := done(); yes || err != nil {
			return err
		}
		select {
		case <-l.ctx.Done():
			return fmt.Errorf("%s: %w", what, context.Cause(l.ctx))
		case <-tick.C:
		}
	}
}

// finish ends the producers, and so the streams. An error is that of the first of them that failed.
func (l *load) finish() error {
	if err := os.WriteFile(filepath.Join(l.folder, over), nil, 0o600); err != nil {
		return err
	}
	var failed error // the first
	for _, p := range l.tx {
		failed = cmp.Or(failed, p.end())
	}
	for _, p := range l.rx {
		if l.stays {
			_ = p.Process.Signal(syscall.SIGTERM)
		}
		failed = cmp.Or(failed, p.end())
	}
	for _, p := range l.others {
		failed = cmp.Or(failed, p.end())
	}
	l.tx, l.rx, l.others = nil, nil, nil
	return failed
}

// end waits for the end of a process.
func (p *process) end() error {
	if err := p.Wait(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(p.Args[:2], " "), err, strings.TrimSpace(p.said.String()))
	}
	return nil
}
