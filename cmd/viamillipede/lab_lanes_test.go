package main_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"viamillipede/bench/lanes"
	"viamillipede/netio/lab"
)

// The two hosts' addresses that no lane has for itself: all lanes lead to them.
const (
	groupTX = "198.19.0.1"
	groupRX = "198.19.0.2"
)

// lanesOf makes all paths of a lab the lanes of one group: each host has an address on loopback, with a route of as many
// equal hops to that of the other, chosen by a hash of addresses and ports.
func lanesOf(t *testing.T, l *lab.Lab) {
	t.Helper()
	for side, own := range map[lab.Side]string{lab.TX: groupTX, lab.RX: groupRX} {
		far, other := groupRX, lab.RX
		if side == lab.RX {
			far, other = groupTX, lab.TX
		}
		if err := l.Sysctl(side, "net/ipv4/fib_multipath_hash_policy", "1"); err != nil {
			t.Fatal(err)
		}
		err := l.Visit(side, func() error {
			lo, err := netlink.LinkByName("lo")
			if err != nil {
				return err
			}
			route := &netlink.Route{Dst: host32(far), Src: net.ParseIP(own)}
			for i := range l.Paths() {
				dev, err := netlink.LinkByName(fmt.Sprintf("p%d", i))
				if err != nil {
					return err
				}
				route.MultiPath = append(route.MultiPath, &netlink.NexthopInfo{
					LinkIndex: dev.Attrs().Index, Gw: net.ParseIP(l.Address(other, i)),
				})
			}
			return errors.Join(netlink.AddrAdd(lo, &netlink.Addr{IPNet: host32(own)}), netlink.RouteAdd(route))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func host32(ip string) *net.IPNet {
	return &net.IPNet{IP: net.ParseIP(ip).To4(), Mask: net.CIDRMask(32, 32)}
}

// sixLanesOf is lanesOf for IPv6.
func sixLanesOf(t *testing.T, l *lab.Lab) (to string) {
	t.Helper()
	for side := range 2 {
		err := l.Sysctl(lab.Side(side), "net/ipv6/fib_multipath_hash_policy", "1")
		if err == nil {
			err = l.Visit(lab.Side(side), func() error { return sixRoute(l.Paths(), side) })
		}
		if err != nil {
			t.Skipf("no equal routes of IPv6 here: %v", err)
		}
	}
	return "fd99::2"
}

func sixRoute(paths, side int) error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	six := func(ip string, bits int) *net.IPNet {
		return &net.IPNet{IP: net.ParseIP(ip), Mask: net.CIDRMask(bits, 128)}
	}
	own, far := fmt.Sprintf("fd99::%d", 1+side), fmt.Sprintf("fd99::%d", 2-side)
	if err := netlink.AddrAdd(lo, &netlink.Addr{IPNet: six(own, 128), Flags: unix.IFA_F_NODAD}); err != nil {
		return err
	}
	route := &netlink.Route{Dst: six(far, 128), Src: net.ParseIP(own)}
	for i := range paths {
		dev, err := netlink.LinkByName(fmt.Sprintf("p%d", i))
		if err != nil {
			return err
		}
		near, hop := fmt.Sprintf("fd00:%d::%d", 1+i, 1+side), fmt.Sprintf("fd00:%d::%d", 1+i, 2-side)
		if err := netlink.AddrAdd(dev, &netlink.Addr{IPNet: six(near, 64), Flags: unix.IFA_F_NODAD}); err != nil {
			return err
		}
		route.MultiPath = append(route.MultiPath, &netlink.NexthopInfo{LinkIndex: dev.Attrs().Index, Gw: net.ParseIP(hop)})
	}
	return netlink.RouteAdd(route)
}

// testLanesSix: over IPv6 the lanes that are found are those that the kernel says, too, and ports can be balanced.
func (p programs) testLanesSix(t *testing.T) {
	const flows = 24
	l := lab.New(t, lab.Config{Paths: 3})
	r, _, _ := p.survey(t, l, nil, sixLanesOf(t, l), "flows", fmt.Sprint(flows), "seconds", "0.5", "sports", "balanced")
	if r.Kind != "ecmp" || len(r.Lanes) != 3 || r.Predicted.Right != flows || r.Predicted.Of != flows {
		t.Errorf("%s of %d lanes, predicted %d of %d", r.Kind, len(r.Lanes), r.Predicted.Right, r.Predicted.Of)
	}
	for i, lane := range r.Lanes {
		if lane.Flows != flows/len(r.Lanes) {
			t.Errorf("lane %d has %d flows of %d", i, lane.Flows, flows)
		}
	}
}

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

// survey runs lanes rx and lanes tx to an address, and gives the report, its text, and what rx said. Report and
// picture stay where VIAMILLIPEDE_SAMPLES names a folder.
func (p programs) survey(t *testing.T, l *lab.Lab, user *syscall.Credential, to string, words ...string) (r lanes.Report, text, said string) {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o777), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	file, picture := filepath.Join(dir, "report.json"), filepath.Join(dir, "report.svg")
	rx := l.Command(t.Context(), lab.RX, p.viamillipede, "lanes", "rx", fmt.Sprint(labPort))
	var rxSaid, out, txSaid lab.Text
	rx.Stderr = &rxSaid
	rx.SysProcAttr.Credential = user
	if err := rx.Start(); err != nil {
		t.Fatal(err)
	}
	awaitListener(t, l)
	argv := append([]string{"lanes", "tx", to, fmt.Sprint(labPort), "json", file, "svg", picture}, words...)
	tx := l.Command(t.Context(), lab.TX, p.viamillipede, argv...)
	tx.Stdout, tx.Stderr = &out, &txSaid
	tx.SysProcAttr.Credential = user
	if err := tx.Start(); err != nil {
		t.Fatal(err)
	}
	if status := tx.Status(); status != 0 {
		t.Fatalf("lanes tx: status %d\n%s%s\nrx: %s", status, out.String(), txSaid.String(), rxSaid.String())
	}
	if status := rx.Status(); status != 0 {
		t.Errorf("lanes rx: status %d: %s", status, rxSaid.String())
	}
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	if svg, err := os.ReadFile(picture); err != nil || !strings.Contains(string(svg), "</svg>") {
		t.Errorf("the picture: %d bytes, %v", len(svg), err)
	}
	if dir := os.Getenv("VIAMILLIPEDE_SAMPLES"); dir != "" {
		stem := filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-"))
		err := errors.Join(os.MkdirAll(dir, 0o777), os.Rename(picture, stem+".svg"), os.Rename(file, stem+".json"))
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Log("\n" + out.String())
	return r, out.String(), rxSaid.String()
}

// awaitListener waits until somebody listens on labPort at the receiver's host.
func awaitListener(t *testing.T, l *lab.Lab) {
	t.Helper()
	listens := fmt.Sprintf(":%04X 00000000000000000000000000000000:0000 0A", labPort)
	for end := time.Now().Add(settleTime); time.Now().Before(end); {
		var table []byte
		err := l.Visit(lab.RX, func() (err error) {
			table, err = os.ReadFile("/proc/thread-self/net/tcp6")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(table), listens) {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatal("nobody listens")
}

// testLanes: each flow's lane is found, and is the one by which its packets come in; the kernel's own answer is right; and
// so is the receive queue.
func (p programs) testLanes(t *testing.T) {
	for _, n := range []int{2, 4} {
		t.Run(fmt.Sprint(n), func(t *testing.T) { p.testGroup(t, n, nil) })
	}
	t.Run("Unprivileged", func(t *testing.T) { p.testGroup(t, 2, nobody()) })
	t.Run("IPv6", p.testLanesSix)
	t.Run("Queues", p.testLaneQueues)
	t.Run("Strangers", p.testLaneStrangers)
}

func (p programs) testGroup(t *testing.T, n int, user *syscall.Credential) {
	const flows = 32
	l := lab.New(t, lab.Config{Paths: n, Queues: 2})
	lanesOf(t, l)
	for i := range n {
		if err := l.Shape(i, 100e6); err != nil {
			t.Fatal(err)
		}
	}
	seen := watchPackets(t, l)
	r, text, said := p.survey(t, l, user, groupRX, "flows", fmt.Sprint(flows), "seconds", "2")
	if r.Kind != "ecmp" || len(r.Lanes) != n || len(r.Flows) != flows {
		t.Fatalf("%s of %d lanes, %d flows, want ecmp, %d, %d", r.Kind, len(r.Lanes), len(r.Flows), n, flows)
	}
	for _, f := range r.Flows {
		want := seen.laneOf(f.Port)
		if f.Lane < 0 || r.Lanes[f.Lane].Device != want {
			t.Errorf("source port %d: lane %d, its packets came in by %q", f.Port, f.Lane, want)
		}
		switch {
		case f.Arrival == nil:
			t.Errorf("source port %d: rx does not tell of it", f.Port)
		case user == nil && f.Arrival.Device != want:
			t.Errorf("source port %d: rx says %q, its packets came in by %q", f.Port, f.Arrival.Device, want)
		}
	}
	if r.Predicted.Right != flows || r.Predicted.Of != flows {
		t.Errorf("predicted %d of %d, want all %d", r.Predicted.Right, r.Predicted.Of, flows)
	}
	const missing = "devices, queues and hashes are not known"
	if user != nil && (strings.Count(said, missing) != 1 || strings.Count(text, missing) != 1) {
		t.Errorf("want one line of what is missing at each end, rx: %s", said)
	}
	if len(r.Sports) == 0 || len(r.Sports)%n != 0 || !strings.Contains(text, fmt.Sprintf("\nsports %d,", r.Sports[0])) {
		t.Errorf("no source ports that fill %d lanes: %v", n, r.Sports)
	}
	t.Logf("efficiency %.1f %%, Jain %.3f", 100*r.Efficiency, r.Jain)
}

// testLaneQueues: the receive queue of each flow is the one in which the kernel handed its packets to a program of the test's
// own, which runs before anything else sees them.
func (p programs) testLaneQueues(t *testing.T) {
	const flows = 32
	l := lab.New(t, lab.Config{Paths: 1, Queues: 4})
	if err := l.Poll(lab.TX, 0); err != nil { // so that both ends poll
		t.Fatal(err)
	}
	queues := noteQueues(t, l)
	r, _, _ := p.survey(t, l, nil, l.Address(lab.RX, 0), "flows", fmt.Sprint(flows), "seconds", "1")
	found, moved := map[int]bool{}, 0
	for _, f := range r.Flows {
		want := queuesOf(queues, f.Port)
		if f.Arrival == nil || !slices.Contains(want, f.Arrival.Queue) {
			t.Errorf("source port %d: %v, want queue %v", f.Port, f.Arrival, want)
			continue
		}
		if len(want) > 1 { // its sender's timeout gave it another hash, and so another queue (sk_rethink_txhash)
			moved++
		}
		found[f.Arrival.Queue] = true
	}
	t.Logf("%d of %d flows came in in several queues", moved, flows)
	if moved == flows {
		t.Error("none stayed in one queue, so nothing is proven")
	}
	if len(found) < 2 {
		t.Errorf("%d flows came in in queues %v alone", flows, found)
	}
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

// testLaneStrangers: the ends of a stream and those of lanes refuse each other with a clear line.
func (p programs) testLaneStrangers(t *testing.T) {
	l := lab.New(t, lab.Config{Paths: 1})
	for _, test := range []struct {
		rx, tx         []string
		status         int
		saysRX, saysTX string
	}{
		{[]string{"rx"}, []string{"lanes", "tx"}, 3, "the peer is `viamillipede lanes`", "serves there, and not `viamillipede lanes rx`"},
		{[]string{"lanes", "rx"}, []string{"tx"}, 3, "a `viamillipede tx`: this is `lanes rx`", "it measures (bench rx or lanes rx)"},
	} {
		var rxSaid, txSaid lab.Text
		port := fmt.Sprint(labPort)
		rx := l.Command(t.Context(), lab.RX, p.viamillipede, append(test.rx, port)...)
		rx.Stderr = &rxSaid
		if err := rx.Start(); err != nil {
			t.Fatal(err)
		}
		awaitListener(t, l)
		words := append(test.tx, l.Address(lab.RX, 0), port)
		if test.tx[0] == "tx" {
			words = append(words, "connect", "1")
		}
		tx := l.Command(t.Context(), lab.TX, p.viamillipede, words...)
		tx.Stderr = &txSaid
		if err := tx.Start(); err != nil {
			t.Fatal(err)
		}
		if status := tx.Status(); status != test.status || !strings.Contains(txSaid.String(), test.saysTX) {
			t.Errorf("%v: status %d, want %d, says %s", words, status, test.status, txSaid.String())
		}
		if !strings.Contains(rxSaid.String(), test.saysRX) {
			t.Errorf("%v says %s", test.rx, rxSaid.String())
		}
		_ = rx.Process.Kill()
		rx.Status()
	}
}
