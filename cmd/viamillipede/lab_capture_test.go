package main_test

import (
	"encoding/binary"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"viamillipede/netio/lab"
)

// capture notes by which devices of the receiver's host the packets of each source port come in. It looks at the packets
// themselves, and at no device's counts.
type capture struct {
	mu   sync.Mutex
	seen map[uint16]map[string]int // packets by source port and device
}

// watch starts a capture of what goes to labPort, until the test ends.
func watchPackets(t *testing.T, l *lab.Lab) *capture {
	t.Helper()
	c := &capture{seen: map[uint16]map[string]int{}}
	names := map[int]string{}
	fd := -1
	err := l.Visit(lab.RX, func() (err error) {
		links, err := netlink.LinkList()
		if err != nil {
			return err
		}
		for _, link := range links {
			names[link.Attrs().Index] = link.Attrs().Name
		}
		const all = unix.ETH_P_IP<<8&0xff00 | unix.ETH_P_IP>>8
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, all)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32*mib)
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50000})
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 128)
		for {
			select {
			case <-end:
				return
			default:
			}
			n, from, err := unix.Recvfrom(fd, b, 0)
			if err == nil {
				c.note(b[:n], names[from.(*unix.SockaddrLinklayer).Ifindex])
			}
		}
	}()
	t.Cleanup(func() { close(end); <-done; unix.Close(fd) })
	return c
}

// note takes in a packet, from its IPv4 header on.
func (c *capture) note(b []byte, device string) {
	head := int(b[0]&15) * 4
	if len(b) < head+4 || b[9] != unix.IPPROTO_TCP || binary.BigEndian.Uint16(b[head+2:]) != labPort {
		return
	}
	port := binary.BigEndian.Uint16(b[head:])
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[port] == nil {
		c.seen[port] = map[string]int{}
	}
	c.seen[port][device]++
}

// laneOf gives the only device by which the packets of a source port came in; "" is none, or several.
func (c *capture) laneOf(port uint16) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for device := range c.seen[port] {
		if len(c.seen[port]) == 1 {
			return device
		}
	}
	return ""
}

// queuesOf gives the receive queues in which packets of a source port were seen.
func queuesOf(m *ebpf.Map, port uint16) (list []int) {
	for queue := range uint16(4) {
		var seen uint32
		if m.Lookup([2]uint16{port, queue}, &seen) == nil {
			list = append(list, int(queue))
		}
	}
	return list
}

// noteQueues has the kernel poll the receiver's device of path 0, and note the receive queues of each source port.
func noteQueues(t *testing.T, l *lab.Lab) *ebpf.Map {
	t.Helper()
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 4096})
	if err != nil {
		t.Skipf("no BPF here: %v", err)
	}
	t.Cleanup(func() { m.Close() })
	const source, end = 34, 38 // of the ports behind Ethernet and an IPv4 header without options
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.XDP, Instructions: asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadMem(asm.R2, asm.R6, 0, asm.Word), // data
		asm.LoadMem(asm.R3, asm.R6, 4, asm.Word), // data_end
		asm.Mov.Reg(asm.R4, asm.R2),
		asm.Add.Imm(asm.R4, end),
		asm.JGT.Reg(asm.R4, asm.R3, "pass"),
		asm.LoadMem(asm.R5, asm.R2, source, asm.Half),
		asm.HostTo(asm.BE, asm.R5, asm.Half),
		asm.StoreMem(asm.RFP, -8, asm.R5, asm.Half),
		asm.LoadMem(asm.R7, asm.R6, 16, asm.Word), // rx_queue_index
		asm.StoreMem(asm.RFP, -6, asm.R7, asm.Half),
		asm.StoreMem(asm.RFP, -4, asm.R7, asm.Word),
		asm.LoadMapPtr(asm.R1, m.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, -8),
		asm.Mov.Reg(asm.R3, asm.RFP), asm.Add.Imm(asm.R3, -4),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnMapUpdateElem.Call(),
		asm.Mov.Imm(asm.R0, 2).WithSymbol("pass"), // XDP_PASS
		asm.Return(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	err = l.Visit(lab.RX, func() error {
		dev, err := netlink.LinkByName("p0")
		if err != nil {
			return err
		}
		return netlink.LinkSetXdpFd(dev, program.FD())
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
