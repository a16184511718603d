package run

import (
	"context"
	"net"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/engine"
)

// childTime is how long the other process may take to end once it is no longer needed.
const childTime = 10 * time.Second

// Local measures streams between this process and another one, which it starts: this very program, as "bench rx -". The
// errors are those of Send.
func Local(ctx context.Context, c Config) error {
	o, err := c.outputs()
	if err != nil {
		return err
	}
	defer o.discard()
	conn, child, err := c.spawn()
	if err != nil {
		return fail(engine.StatusUsage, err, "cannot start the receiving process")
	}
	defer reap(child)
	defer conn.Close()
	const peer = "the receiving process"
	s, err := open(ctx, conn, dialling, peer, hostFacts("lo"))
	if err != nil {
		return refusal(ctx, peer, err)
	}
	defer s.close()
	return c.measure(ctx, s, o)
}

// spawn starts the other process and returns our end of its control connection.
func (c *Config) spawn() (net.Conn, *exec.Cmd, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "control"), os.NewFile(uintptr(pair[1]), "control")
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, nil, err
	}
	child := exec.Command("/proc/self/exe", append([]string{"bench", "rx", "-"}, c.Peer...)...)
	child.Args[0] = os.Args[0]
	child.Stdin, child.Stderr = theirs, c.Err
	key, err := c.handKey(child)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	defer key.Close() // of nil too
	// A process group of its own: an interrupt from the terminal is for us, and the child ends with its connection.
	child.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	if err := child.Start(); err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, child, nil
}

// handKey lets the other process have the key, if there is one, from a pipe, whose end is the caller's to close.
func (c *Config) handKey(child *exec.Cmd) (*os.File, error) {
	if c.Options.Key == nil {
		return nil, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	text := c.Options.Key.Text() // it is a line: the pipe has room
	defer clear(text)
	if _, err := w.Write(text); err != nil {
		r.Close()
		return nil, err
	}
	child.ExtraFiles = []*os.File{r}
	child.Args = append(child.Args, "key", "fd:3") // the first of ExtraFiles
	return r, nil
}

// reap waits for the end of the process, which comes when the connection ends.
func reap(child *exec.Cmd) {
	late := time.AfterFunc(childTime, func() { _ = child.Process.Kill() })
	defer late.Stop()
	_ = child.Wait() // whatever went wrong there has been reported to us
}
