package crew

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

const listenPoll = 2 * time.Millisecond // between two looks

// Listening waits until somebody listens on the port, in the network of a process. It looks, and does not connect: the programs
// serve one connection.
func (c *Crew) Listening(p *Child, port uint16) error {
	tick := time.NewTicker(listenPoll)
	defer tick.Stop()
	for {
		for _, table := range []string{"tcp", "tcp6"} {
			if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", p.Process.Pid, table)); err == nil && hasListener(string(text), port) {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-c.ctx.Done():
			return fmt.Errorf("wait for a listener on port %d: %w", port, context.Cause(c.ctx))
		}
	}
}

// hasListener looks through a table of TCP sockets (proc_pid_net(5)).
func hasListener(table string, port uint16) bool {
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
