package doctor

import (
	"fmt"
	"slices"
	"strings"

	"viamillipede/engine"
	"viamillipede/netio/host"
)

// A stream of DefaultThreads links should fill the card up to a round trip of enoughTrip. About half of a socket's buffer
// is payload; the rest is kernel overhead (tcp_adv_win_scale in tcp(7)).
const (
	enoughTrip   = 0.010 // seconds
	payloadShare = 0.5
	assumedSpeed = 10e9 // bits a second, if the card does not tell
)

// sendBuffer judges the most that a link can have in flight.
func sendBuffer(l *look) Check { return l.buffer("tcp_wmem") }

// receiveBuffer does the same for what the peer may send us.
func receiveBuffer(l *look) Check { return l.buffer("tcp_rmem") }

// buffer compares the last number of tcp_wmem or tcp_rmem (tcp(7)), how far a link's buffer may grow, with what must be
// in flight to fill the card. The engine reports the same when a buffer holds back a running link.
func (l *look) buffer(name string) Check {
	setting := "net.ipv4." + name
	n, err := l.numbers(host.SysctlFile(setting), 3)
	if err != nil {
		return unread(name, err)
	}
	most := n[2]
	if l.loopback() {
		return ok(name, "%s a link: enough for loopback", size(most))
	}
	rate, assumed := float64(l.speed()), ""
	if rate == 0 {
		rate, assumed = assumedSpeed, " (assumed)"
	}
	bits := 8 * payloadShare * engine.DefaultThreads // bits that all links have in flight, per byte of one buffer
	trip := bits * float64(most) / rate
	found := fmt.Sprintf("%s a link: %d links fill %s%s up to a round trip of %s ms",
		size(most), engine.DefaultThreads, speed(uint64(rate)), assumed, figure(1000*trip))
	if trip >= enoughTrip {
		return ok(name, "%s", found)
	}
	need := powerOf2(int64(enoughTrip * rate / bits))
	advice := ""
	if name == "tcp_rmem" {
		advice = "where rx runs"
	}
	return bad(name, Slow, found, advice, fmt.Sprintf(`sysctl -w %s="%d %d %d"`, setting, n[0], n[1], need))
}

// bufferLimits reports two settings that are often raised to no effect.
func bufferLimits(l *look) Check {
	const name = "rmem_max"
	r, err := l.number(host.SysctlFile("net.core.rmem_max"))
	if err != nil {
		return unread(name, err)
	}
	w, err := l.number(host.SysctlFile("net.core.wmem_max"))
	if err != nil {
		return unread(name, err)
	}
	return ok(name, "rmem_max %s, wmem_max %s: not used, the kernel sizes the links' buffers", size(r), size(w))
}

// congestion says which congestion control is the default, and what "congestion auto" does with it.
func congestion(l *look) Check {
	const name = "congestion"
	system, err := l.Read(host.SysctlFile("net.ipv4.tcp_congestion_control"))
	if err != nil {
		return unread(name, err)
	}
	if !strings.HasPrefix(system, "bbr") {
		return ok(name, "%s; congestion auto leaves it", system)
	}
	available, err := l.Read(host.SysctlFile("net.ipv4.tcp_available_congestion_control"))
	if err != nil {
		return unread(name, err)
	}
	found := system + "; congestion auto takes cubic below a round trip of 1 ms"
	if !slices.Contains(strings.Fields(available), "cubic") {
		return bad(name, Slow, found+", but the kernel has no cubic loaded", "", "modprobe tcp_cubic")
	}
	allowed, err := l.Read(host.SysctlFile("net.ipv4.tcp_allowed_congestion_control"))
	if err != nil {
		return unread(name, err)
	}
	if !l.Has(host.NetAdmin) && !slices.Contains(strings.Fields(allowed), "cubic") {
		return bad(name, Slow, found+", which this user may not choose", "",
			fmt.Sprintf(`sysctl -w net.ipv4.tcp_allowed_congestion_control="%s cubic"`, allowed))
	}
	return ok(name, "%s", found)
}

// qdisc says whether the kernel can pace: TCP does so by itself since 4.13, and needed fq before.
func qdisc(l *look) Check {
	const name = "qdisc"
	q, err := l.Read(host.SysctlFile("net.core.default_qdisc"))
	if err != nil {
		return unread(name, err)
	}
	paces, known := l.kernelAtLeast(4, 13)
	switch {
	case q == "fq":
		return ok(name, "fq by default: it paces what bbr and rate ask for")
	case !known:
		return bad(name, Missing, q+" by default; whether this kernel paces without fq is not known", "")
	case !paces:
		return bad(name, Slow, q+" by default: bbr and rate are not paced without fq before Linux 4.13",
			"for devices that come up later", "sysctl -w net.core.default_qdisc=fq")
	}
	return ok(name, "%s by default; TCP paces by itself on this kernel", q)
}

// probing says whether TCP detects on its own that full-size packets are silently dropped on the path (an MTU black
// hole).
func probing(l *look) Check {
	const name = "tcp_mtu_probing"
	n, err := l.number(host.SysctlFile("net.ipv4.tcp_mtu_probing"))
	switch {
	case err != nil:
		return unread(name, err)
	case n == 0 && !l.loopback():
		return bad(name, Off, "0: a path that silently drops full-sized packets carries nothing", "where the network does that",
			"sysctl -w net.ipv4.tcp_mtu_probing=1")
	case n == 0:
		return ok(name, "0: loopback drops no packets for their size")
	}
	return ok(name, "%d: smaller packets are tried where full ones do not arrive", n)
}

// fewPorts is too few for many links that come and go, since a port cannot be reused for a minute after its link.
const fewPorts = 1000

// ports says how many links there can be to one port of a host.
func ports(l *look) Check {
	const name = "ports"
	n, err := l.numbers(host.SysctlFile("net.ipv4.ip_local_port_range"), 2)
	if err != nil {
		return unread(name, err)
	}
	have := n[1] - n[0] + 1
	if have < fewPorts {
		return bad(name, Slow, fmt.Sprintf("%d to %d: %d local ports", n[0], n[1], have), "",
			`sysctl -w net.ipv4.ip_local_port_range="32768 60999"`)
	}
	return ok(name, "%d to %d for links", n[0], n[1])
}

// Why the settings of MSG_ZEROCOPY do not matter on some routes.
const notByCard = "not used: the kernel copies on this route"

// zeroCopy says whether legs can be sent without copying (MSG_ZEROCOPY).
func zeroCopy(l *look) Check {
	const name = "zerocopy"
	if err := l.Kernel.ZeroCopy(); err != nil {
		return bad(name, Missing, "MSG_ZEROCOPY: "+oneLine(err), "")
	}
	if !l.byCard() {
		return ok(name, "MSG_ZEROCOPY may be used; %s", notByCard)
	}
	return ok(name, "MSG_ZEROCOPY may be used")
}

// enoughOption is the kernel's default since 6.7, in bytes; before that it was 20k, enough for about 24 sends of a link
// at a time.
const enoughOption = 128 << 10

// optionMemory judges the limit that a link's MSG_ZEROCOPY sends in flight count against.
func optionMemory(l *look) Check {
	const name = "optmem_max"
	n, err := l.number(host.SysctlFile("net.core.optmem_max"))
	switch {
	case err != nil:
		return unread(name, err)
	case !l.byCard():
		return ok(name, "%s; %s", size(n), notByCard)
	case n < enoughOption:
		return bad(name, Slow, size(n)+": few sends of a link in flight with MSG_ZEROCOPY", "",
			fmt.Sprintf("sysctl -w net.core.optmem_max=%d", enoughOption))
	}
	return ok(name, "%s", size(n))
}
