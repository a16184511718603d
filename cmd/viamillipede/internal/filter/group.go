package filter

import (
	"io"
	"os/exec"
	"sync"
	"syscall"
)

// group is the process group of all processes of a filter. Its leader is a shell that waits for the end of its input: this process has
// the other end of that pipe, so that whichever way it dies, SIGKILL included, the leader sees it, and kills the group.
type group struct {
	mu     sync.Mutex
	leader *exec.Cmd      // nil: there is none yet; guarded by mu, as is all below
	life   io.WriteCloser // closed: the leader ends the group
	failed error
	ended  bool
}

// lead is what the leader does.
const lead = `read -r x; kill -KILL 0`

// id starts the leader, if there is none, and returns the number of the group.
func (g *group) id() (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leader == nil && g.failed == nil && !g.ended {
		g.failed = g.open()
	}
	switch {
	case g.ended:
		return 0, errOver
	case g.failed != nil:
		return 0, g.failed
	}
	return g.leader.Process.Pid, nil
}

// open starts the leader; under mu.
func (g *group) open() error {
	c := exec.Command("/bin/sh", "-c", lead)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	life, err := c.StdinPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	g.leader, g.life = c, life
	return nil
}

// end kills the group, and the leader with it.
func (g *group) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	if g.leader == nil {
		return
	}
	_ = syscall.Kill(-g.leader.Process.Pid, syscall.SIGKILL)
	g.life.Close()
	_ = g.leader.Wait()
	g.leader = nil
}
