package filter

import (
	"errors"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"viamillipede/cmd/viamillipede/internal/child"
	"viamillipede/engine/sidechain"
)

// process is one run of the command. It belongs to whoever has it.
type process struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	out, err io.ReadCloser
}

// wordsMost is how much of a process's standard error is kept, in bytes.
const wordsMost = 1 << 10

// plain are the characters of a command that means the same with and without a shell.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _./:,+@-"

// commandOf is how a command is run: by a shell, unless it is a program and its arguments and no more. A shell for each piece would cost
// as much again as a small program.
func commandOf(command string) *exec.Cmd {
	if words := strings.Fields(command); len(words) > 0 && strings.Trim(command, plain) == "" {
		if _, err := exec.LookPath(words[0]); err == nil {
			return exec.Command(words[0], words[1:]...)
		}
	}
	return exec.Command("/bin/sh", "-c", command)
}

// start starts a process in a group.
func start(command string, group int) (*process, error) {
	p := &process{cmd: commandOf(command)}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: group}
	var errs [3]error
	p.in, errs[0] = p.cmd.StdinPipe()
	p.out, errs[1] = p.cmd.StdoutPipe()
	p.err, errs[2] = p.cmd.StderrPipe()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return p, p.cmd.Start()
}

// run gives the process src and reads what it writes, all of it. words is what it says on standard error. Errors: sidechain.ErrRoom, or
// how it ended.
func (p *process) run(dst, src []byte) (n int, words string, err error) {
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		_, _ = p.in.Write(src) // a process need not read all
		_ = p.in.Close()
	}()
	heard := make(chan string, 1)
	go func() {
		var said strings.Builder
		_, _ = io.Copy(&said, io.LimitReader(p.err, wordsMost))
		_, _ = io.Copy(io.Discard, p.err)
		heard <- child.Line(said.String())
	}()
	if n, err = sidechain.Fill(dst, p.out); err != nil {
		p.kill()
		_ = p.out.Close() // what it has started ends when it writes
	}
	words = <-heard
	<-fed
	if end := p.cmd.Wait(); err == nil {
		err = end
	}
	return n, words, err
}

// kill ends the process alone.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

// abandon makes run return: something that the process has started may have left the group, and hold its pipes for ever. Any goroutine
// may call it.
func (p *process) abandon() {
	p.kill()
	for _, pipe := range []io.Closer{p.in, p.out, p.err} {
		_ = pipe.Close()
	}
}

// drop ends a process that nobody has used.
func (p *process) drop() {
	p.kill()
	_ = p.cmd.Wait()
}

// spent is the CPU time of a process that has ended.
func (p *process) spent() time.Duration {
	if s := p.cmd.ProcessState; s != nil {
		return s.UserTime() + s.SystemTime()
	}
	return 0
}
