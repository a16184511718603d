package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// packetQueue is how many packets the kernel keeps until this program reads them: more than two of TCP's largest windows
// (4 MiB), so that this queue does not lose packets on a busy machine.
const packetQueue = 8192

// device is a TUN device in a namespace. It lasts as long as fd is open.
type device struct {
	fd   int // non-blocking; each read and write is one packet
	name string
	net  *netlink.Handle // of the namespace
}

// newDevice makes a device, gives it its address and brings it up. The error says what is missing.
func newDevice(e end, name string, mtu int) (*device, error) {
	address, err := netlink.ParseAddr(e.address)
	if err != nil {
		return nil, err
	}
	ns, err := netns.GetFromPath(e.space)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: e.space, Err: err}
	}
	defer ns.Close()
	fd, err := openIn(ns, name)
	if err != nil {
		return nil, explain(err)
	}
	d := &device{fd: fd, name: name}
	if d.net, err = netlink.NewHandleAt(ns, unix.NETLINK_ROUTE); err == nil {
		err = d.raise(address, mtu)
	}
	if err != nil {
		d.close()
		return nil, explain(err)
	}
	return d, nil
}

// openIn makes a device in ns: TUN devices belong to the namespace of the thread that opens them. That thread ends with
// its goroutine, since nothing else could use it.
func openIn(ns netns.NsHandle, name string) (fd int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err = netns.Set(ns); err != nil {
			err = os.NewSyscallError("setns", err)
			return
		}
		fd, err = openTUN(name)
	}()
	<-done
	return fd, err
}

// openTUN makes a device that carries bare IP packets and disappears when the descriptor is closed (tun(4)).
func openTUN(name string) (int, error) {
	const file = "/dev/net/tun"
	request, err := unix.NewIfreq(name)
	if err != nil {
		return -1, fmt.Errorf("%q cannot be the name of a device", name)
	}
	fd, err := unix.Open(file, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: file, Err: err}
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("make device %s: %w", name, err)
	}
	return fd, nil
}

func (d *device) raise(address *netlink.Addr, mtu int) error {
	dev, err := d.net.LinkByName(d.name)
	if err != nil {
		return fmt.Errorf("find device %s: %w", d.name, err)
	}
	// Without an address of its own IPv6 sends nothing unprompted. Kernels without IPv6 refuse this, and do not need it.
	_ = d.net.LinkSetIP6AddrGenMode(dev, nl.IN6_ADDR_GEN_MODE_NONE)
	if err := d.net.LinkSetMTU(dev, mtu); err != nil {
		return fmt.Errorf("set mtu %d: %w", mtu, err)
	}
	if err := d.net.LinkSetTxQLen(dev, packetQueue); err != nil {
		return fmt.Errorf("set queue length: %w", err)
	}
	if err := d.net.AddrAdd(dev, address); err != nil {
		return fmt.Errorf("add address %v: %w", address, err)
	}
	if err := d.net.LinkSetUp(dev); err != nil {
		return fmt.Errorf("set device up: %w", err)
	}
	return nil
}

// missed is how many packets the kernel dropped because the queue was full; 0 if it does not say.
func (d *device) missed() uint64 {
	dev, err := d.net.LinkByName(d.name)
	if err != nil || dev.Attrs().Statistics == nil {
		return 0
	}
	return dev.Attrs().Statistics.TxDropped
}

// close removes the device.
func (d *device) close() {
	unix.Close(d.fd)
	if d.net != nil {
		d.net.Close()
	}
}

// explain adds the usual cause of an error.
func explain(err error) error {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w (it needs root)", err)
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return fmt.Errorf("%w (the kernel has no tun here)", err)
	}
	return err
}
