package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"viamillipede/netio/lab"
)

// server is an sshd of our own at the receiver's side, with keys of its own.
type server struct {
	dir     string // for its files
	address string // of the receiver
	made    bool
}

const (
	sshPort  = "2222"
	separate = "/run/sshd" // sshd wants it to be there, and empty
)

// sends is the sender's command.
func (s *server) sends() string {
	return fmt.Sprintf("ssh -C -q -i %s/key -p %s -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes %s 'wc -c'", s.dir, sshPort, s.address)
}

// start starts it, and waits until it takes connections.
func (s *server) start(ctx context.Context, n *lab.Lab) (stop func(), err error) {
	if err := s.make(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	program, err := exec.LookPath("sshd") // which has to be called by its whole name
	if err != nil {
		cancel()
		return nil, err
	}
	c := n.Command(ctx, lab.RX, program, "-D", "-e", "-f", filepath.Join(s.dir, "conf"))
	if err := c.Start(); err != nil {
		cancel()
		return nil, err
	}
	stop = func() { cancel(); _ = c.Wait() }
	for end := time.Now().Add(startLimit); ; time.Sleep(20 * time.Millisecond) {
		conn, err := n.Dial(ctx, lab.TX, net.JoinHostPort(s.address, sshPort))
		if err == nil {
			return stop, conn.Close()
		}
		if time.Now().After(end) {
			stop()
			return nil, fmt.Errorf("sshd: %w", err)
		}
	}
}

// make makes its keys, once.
func (s *server) make(ctx context.Context) error {
	if s.made {
		return nil
	}
	if err := os.MkdirAll(separate, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"host", "key"} {
		file := filepath.Join(s.dir, name)
		if _, err := os.Stat(file); err == nil {
			continue
		}
		if said, err := exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput(); err != nil {
			return fmt.Errorf("ssh-keygen: %w: %s", err, said)
		}
	}
	conf := fmt.Sprintf("ListenAddress %s:%s\nHostKey %s/host\nAuthorizedKeysFile %s/key.pub\nPidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\n",
		s.address, sshPort, s.dir, s.dir)
	err := errors.Join(os.Chmod(s.dir, 0o700), os.WriteFile(filepath.Join(s.dir, "conf"), []byte(conf), 0o600))
	s.made = err == nil
	return err
}
