package netio

import (
	"net"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Info is what the kernel reports about one TCP connection (TCP_INFO, tcp(7), linux/tcp.h).
type Info struct {
	RTT         time.Duration // smoothed
	MinRTT      time.Duration
	Cwnd        int    // segments
	MSS         int    // bytes of a segment sent
	Retransmits uint32 // segments, over the connection's life
	Congestion  string // name of the congestion control
	CPU         int    // see IncomingCPU; -1 if not known
	NAPI        int    // the receive queue of its packets, by the kernel's id (SO_INCOMING_NAPI_ID, socket(7)); 0 if none
}

// Info asks the kernel. If the socket is not TCP, all is 0 and CPU is -1.
func (c *Conn) Info() Info {
	if !c.tcp || c.fd < 0 {
		return Info{CPU: -1}
	}
	return tcpInfo(c.fd)
}

func tcpInfo(fd int) Info {
	t, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return Info{CPU: -1}
	}
	napi, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_INCOMING_NAPI_ID)
	return Info{
		CPU:         incomingCPU(fd),
		NAPI:        napi,
		RTT:         time.Duration(t.Rtt) * time.Microsecond,
		MinRTT:      time.Duration(t.Min_rtt) * time.Microsecond,
		Cwnd:        int(t.Snd_cwnd),
		MSS:         int(t.Snd_mss),
		Retransmits: t.Total_retrans,
		Congestion:  CongestionOf(fd),
	}
}

// IncomingCPU is the CPU that last handled a packet of the connection (SO_INCOMING_CPU, socket(7)), -1 if there was none
// or the kernel cannot tell. It makes one system call.
func (c *Conn) IncomingCPU() int {
	if !c.tcp || c.fd < 0 {
		return -1
	}
	return incomingCPU(c.fd)
}

func incomingCPU(fd int) int {
	cpu, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_INCOMING_CPU)
	if err != nil {
		return -1
	}
	return cpu
}

// InfoOf is Info for a connection of package net.
func InfoOf(c *net.TCPConn) Info {
	i := Info{CPU: -1}
	if rc, err := c.SyscallConn(); err == nil {
		_ = rc.Control(func(fd uintptr) { i = tcpInfo(int(fd)) }) // if c is closed, nothing is known
	}
	return i
}

// CongestionOf is the name of a TCP socket's congestion control; "" if the kernel does not tell.
func CongestionOf(fd int) string {
	name, _ := unix.GetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION)
	return strings.TrimRight(name, "\x00")
}
