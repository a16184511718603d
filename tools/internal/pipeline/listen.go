package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const listenPoll = 2 * time.Millisecond // between two looks

// listening waits until somebody listens on the port in a process's network namespace. It looks instead of connecting,
// since the programs serve one connection. If the process ends first, that is an error at once.
func (c *crew) listening(p *Child, port uint16) error {
	tick := time.NewTicker(listenPoll)
	defer tick.Stop()
	for {
		for _, table := range []string{"tcp", "tcp6"} {
			if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", p.Process.Pid, table)); err == nil && HasListener(string(text), port) {
				return nil
			}
		}
		if p.gone() {
			return fmt.Errorf("%s does not listen: %w", p.Args[0], cmp.Or(p.Wait(), errors.New("it has ended")))
		}
		select {
		case <-tick.C:
		case <-c.ctx.Done():
			return fmt.Errorf("wait for a listener on port %d: %w", port, context.Cause(c.ctx))
		}
	}
}

// gone reports whether a process has ended, and leaves reaping it to Wait (waitid(2), WNOWAIT).
func (p *Child) gone() bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, p.Process.Pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == nil && info.Signo != 0
}

// HasListener looks through a table of TCP sockets (proc_pid_net(5)).
func HasListener(table string, port uint16) bool {
	const stateListen = "0A"
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) > 3 && f[3] == stateListen && strings.HasSuffix(f[1], suffix) {
			return true
		}
	}
	return false
}
