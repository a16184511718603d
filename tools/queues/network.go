package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	queues = 2      // of each device, one for each CPU
	device = "pair" // its name on both sides
	port   = 8834   // nobody else is in the namespaces

	txAddress, rxAddress = "198.18.0.1", "198.18.0.2"

	probeLimit = 5 * time.Second // for one connection over a device that is there
)

// network is the two hosts.
type network struct{ tx, rx *space }

// build makes both hosts and joins them. The caller closes the network.
func build() (*network, error) {
	n := &network{}
	var err error
	if n.tx, err = newSpace(); err != nil {
		return nil, err
	}
	if n.rx, err = newSpace(); err != nil {
		n.tx.close()
		return nil, err
	}
	err = n.tx.do(n.join)
	if err == nil {
		err = n.tx.do(func() error { return raise(txAddress) })
	}
	if err == nil {
		err = n.rx.do(func() error { return raise(rxAddress) })
	}
	if err != nil {
		n.close()
		return nil, fmt.Errorf("join two hosts: %w", err)
	}
	return n, nil
}

func (n *network) close() {
	n.tx.close()
	n.rx.close()
}

// join makes the pair of devices; it runs in the sender's namespace.
func (n *network) join() error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.NumTxQueues, attrs.NumRxQueues = device, queues, queues
	pair := netlink.NewVeth(attrs)
	pair.PeerName, pair.PeerNumTxQueues, pair.PeerNumRxQueues = device, queues, queues
	pair.PeerNamespace = netlink.NsFd(n.rx.net.Fd())
	return netlink.LinkAdd(pair)
}

// raise sets the devices of the thread's namespace up.
func raise(address string) error {
	for _, name := range []string{"lo", device} {
		dev, err := netlink.LinkByName(name)
		if err != nil {
			return fmt.Errorf("find %s: %w", name, err)
		}
		if name == device {
			host := &net.IPNet{IP: net.ParseIP(address).To4(), Mask: net.CIDRMask(24, 32)}
			if err := netlink.AddrAdd(dev, &netlink.Addr{IPNet: host}); err != nil {
				return fmt.Errorf("address %s: %w", name, err)
			}
		}
		if err := netlink.LinkSetUp(dev); err != nil {
			return fmt.Errorf("set %s up: %w", name, err)
		}
	}
	return nil
}

// steer has one CPU handle all that arrives at the receiver, and looks whether it does.
func (n *network) steer(cpu int) error {
	err := n.rx.do(func() error {
		for queue := range queues {
			name := fmt.Sprintf("/sys/class/net/%s/queues/rx-%d/rps_cpus", device, queue)
			if err := os.WriteFile(name, []byte(mask(cpu)), 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	got, err := n.probe()
	if err == nil && got != cpu {
		err = fmt.Errorf("packets are handled on CPU %d, not on CPU %d", got, cpu)
	}
	return err
}

// mask is a set of one CPU as the kernel writes it: groups of 32 bits in hexadecimal digits, the highest first.
func mask(cpu int) string {
	return fmt.Sprintf("%x", 1<<(cpu%32)) + strings.Repeat(",00000000", cpu/32)
}

// probe has a byte go from the sender to the receiver, and gives the CPU that handled it (SO_INCOMING_CPU, socket(7)).
func (n *network) probe() (cpu int, err error) {
	var l net.Listener
	err = n.rx.do(func() (err error) {
		l, err = net.Listen("tcp4", net.JoinHostPort(rxAddress, "0"))
		return err
	})
	if err != nil {
		return 0, err
	}
	defer l.Close()
	var out net.Conn
	err = n.tx.do(func() (err error) {
		out, err = net.DialTimeout("tcp4", l.Addr().String(), probeLimit)
		return err
	})
	if err != nil {
		return 0, err
	}
	defer out.Close()
	in, err := l.Accept() // the connection stands already
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
