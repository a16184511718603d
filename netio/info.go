package netio

import (
	"time"

	"golang.org/x/sys/unix"
)

// Info is what the kernel says of one TCP connection (TCP_INFO, tcp(7), linux/tcp.h).
type Info struct {
	RTT         time.Duration // smoothed
	MinRTT      time.Duration
	Cwnd        int    // segments
	MSS         int    // bytes of a segment sent
	Retransmits uint32 // segments, over the connection's life
	Rate        uint64 // latest delivery rate, bytes a second
	Congestion  string // name of the congestion control
	CPU         int    // that handled its packets last (SO_INCOMING_CPU, socket(7))
}

// Info asks the kernel; the zero Info where the socket is not TCP.
func (c *Conn) Info() Info {
	if !c.tcp || c.fd < 0 {
		return Info{}
	}
	return tcpInfo(c.fd)
}

func tcpInfo(fd int) Info {
	t, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return Info{}
	}
	cpu, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_INCOMING_CPU)
	return Info{
		CPU:         cpu,
		RTT:         time.Duration(t.Rtt) * time.Microsecond,
		MinRTT:      time.Duration(t.Min_rtt) * time.Microsecond,
		Cwnd:        int(t.Snd_cwnd),
		MSS:         int(t.Snd_mss),
		Retransmits: t.Total_retrans,
		Rate:        t.Delivery_rate,
		Congestion:  congestionOf(fd),
	}
}
