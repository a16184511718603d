package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio/lab"
)

const (
	queues = 2    // of each device, one for each CPU
	port   = 8834 // nobody else is in the namespaces

	probeLimit = 5 * time.Second // for one connection over an existing device
)

// network is two hosts joined by one path.
type network struct{ *lab.Lab }

// build makes both hosts. The caller closes the network.
func build() (*network, error) {
	l, err := lab.Open(lab.Config{Paths: 1, Queues: queues, Sysfs: true})
	return &network{l}, err
}

// at returns a function that starts processes in the namespace of a side.
func (n *network) at(side lab.Side) func(func() error) error {
	return func(start func() error) error { return n.Do(side, start) }
}

// steer makes one CPU handle everything that arrives at the receiver, and checks that it does.
func (n *network) steer(cpu int) error {
	for queue := range queues {
		if err := n.Spread(lab.RX, 0, queue, cpu); err != nil {
			return err
		}
	}
	got, err := n.probe()
	if err == nil && got != cpu {
		err = fmt.Errorf("packets are handled on CPU %d, not on CPU %d", got, cpu)
	}
	return err
}

// probe sends a byte from the sender to the receiver and returns the CPU that handled it (SO_INCOMING_CPU, socket(7)).
func (n *network) probe() (cpu int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
	defer cancel()
	l, err := n.Listen(ctx, lab.RX, net.JoinHostPort(n.Address(lab.RX, 0), "0"))
	if err != nil {
		return 0, err
	}
	defer l.Close()
	out, err := n.Dial(ctx, lab.TX, l.Addr().String())
	if err != nil {
		return 0, err
	}
	defer out.Close()
	in, err := l.Accept() // the connection already exists
	if err != nil {
		return 0, err
	}
	defer in.Close()
	if _, err := out.Write([]byte{0}); err != nil {
		return 0, err
	}
	if err := in.SetReadDeadline(time.Now().Add(probeLimit)); err != nil {
		return 0, err
	}
	if _, err := in.Read(make([]byte, 1)); err != nil {
		return 0, err
	}
	return incomingCPU(in.(*net.TCPConn))
}

func incomingCPU(c *net.TCPConn) (cpu int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var errGet error
	err = raw.Control(func(fd uintptr) {
		cpu, errGet = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_INCOMING_CPU)
	})
	return cpu, errors.Join(err, os.NewSyscallError("getsockopt SO_INCOMING_CPU", errGet))
}
