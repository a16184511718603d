package sockstats

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

// TestRoundTrips: both ends of a connection made after Open have their samples, and they are what TCP_INFO could come from.
func TestRoundTrips(t *testing.T) {
	near, far := cable(t, 1)
	listener, port := far.listen(t, farAddr)
	c := open(t, port)
	needsOps(t, c)
	if err := c.Settle(); err != nil { // a connection from now on needs no help
		t.Fatal(err)
	}
	from, to := near.connect(t, listener)
	sending, receiving := attach(t, c, from), attach(t, c, to)
	mustCarry(t, from, to, 8<<20)
	mustCarry(t, to, from, 8<<20)
	for s, l := range map[*socket]*Link{from: sending, to: receiving} {
		s.quiet(t)
		stats, info := same(t, s, l)
		o := stats.Ops
		t.Logf("%+v; TCP_INFO: least %d us, smoothed %d us", o, info.Min_rtt, info.Rtt)
		if !o.Known || o.Samples == 0 || o.RTTMin > o.RTTMean || o.RTTMean > o.RTTMax || o.RTTMax == 0 {
			t.Errorf("round trips: %+v", o)
		}
		if least := microseconds(info.Min_rtt); o.RTTMin < least {
			t.Errorf("least round trip %v, TCP_INFO has %v", o.RTTMin, least)
		}
	}
}

// TestOtherPorts: a connection to another port is none of ours, whichever end is looked at.
func TestOtherPorts(t *testing.T) {
	var here *place
	listener, port := here.listen(t, "127.0.0.1")
	swapped := port<<8 | port>>8 // what a mistake in the order of bytes would take for it
	c := open(t, swapped)
	needsOps(t, c)
	if err := c.Settle(); err != nil {
		t.Fatal(err)
	}
	from, to := here.connect(t, listener)
	for _, s := range []*socket{from, to} {
		if o := attach(t, c, s).Read().Ops; o.Known {
			t.Errorf("noted: %+v", o)
		}
	}
}

// TestEnds: a port at the other end than the one that is asked for is none of ours.
func TestEnds(t *testing.T) {
	var here *place
	listener, port := here.listen(t, "127.0.0.1")
	for _, cfg := range []Config{{Local: []uint16{port}}, {Remote: []uint16{port}}} {
		open(t, 1) // or skip
		c, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		needsOps(t, c)
		if err := c.Settle(); err != nil {
			t.Fatal(err)
		}
		from, to := here.connect(t, listener)
		if got, want := attach(t, c, from).Read().Ops.Known, len(cfg.Remote) > 0; got != want {
			t.Errorf("%+v: the end that connects is noted: %v", cfg, got)
		}
		if got, want := attach(t, c, to).Read().Ops.Known, len(cfg.Local) > 0; got != want {
			t.Errorf("%+v: the end that accepts is noted: %v", cfg, got)
		}
	}
}

// TestLate: a connection that was there before joins, until Settle.
func TestLate(t *testing.T) {
	var here *place
	listener, port := here.listen(t, "127.0.0.1")
	from, to := here.connect(t, listener)
	c := open(t, port)
	needsOps(t, c)
	l := attach(t, c, from)
	if !l.Read().Ops.Known {
		t.Skip("this kernel has no way for connections that are there already (Linux 6.15)")
	}
	mustCarry(t, from, to, 8<<20)
	if o := l.Read().Ops; o.Samples == 0 {
		t.Errorf("%+v", o)
	}
	if err := to.SetReadBuffer(64 << 10); err != nil { // other options are still the kernel's
		t.Error(err)
	}
	if err := c.Settle(); err != nil {
		t.Error(err)
	}
	if o := attach(t, c, to).Read().Ops; o.Known {
		t.Errorf("joined after Settle: %+v", o)
	}
}

// onDevice has a program look at what the device of a cable gets (tcx), until the result is called.
func onDevice(t testing.TB, p *place, way ebpf.AttachType, body asm.Instructions) (end func()) {
	t.Helper()
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SchedCLS, License: "GPL", Instructions: body})
	if err != nil {
		t.Fatal(err)
	}
	_, index := p.statistics(t)
	var l link.Link
	err = p.do(func() (err error) {
		l, err = link.AttachTCX(link.TCXOptions{Interface: index, Program: program, Attach: way})
		return err
	})
	if err != nil {
		program.Close()
		t.Skipf("no program on a device here: %v", err)
	}
	end = func() { l.Close(); program.Close() }
	t.Cleanup(end)
	return end
}

// Verdicts of tcx programs (linux/bpf.h).
const (
	tcxPass = 0
	tcxDrop = 2
)

// dropOneIn drops a packet in so many, a power of 2, by chance; 1 drops all.
func dropOneIn(n int32) asm.Instructions {
	return asm.Instructions{
		asm.FnGetPrandomU32.Call(),
		asm.And.Imm(asm.R0, n-1),
		asm.JEq.Imm(asm.R0, 0, "drop"),
		asm.Mov.Imm(asm.R0, tcxPass),
		asm.Return(),
		asm.Mov.Imm(asm.R0, tcxDrop).WithSymbol("drop"),
		asm.Return(),
	}
}

// TestRetransmits: segments that were dropped are sent again, and there are as many as TCP_INFO has; a path that is silent
// for a while has timeouts.
func TestRetransmits(t *testing.T) {
	near, far := cable(t, 1)
	listener, port := far.listen(t, farAddr)
	c := open(t, port)
	needsOps(t, c)
	from, to := near.connect(t, listener)
	established := to.info(t)
	l, m := attach(t, c, from), attach(t, c, to)

	lossless := onDevice(t, far, ebpf.AttachTCXIngress, dropOneIn(64))
	mustCarry(t, from, to, 32<<20)
	lossless()
	from.quiet(t)
	stats, info := same(t, from, l)
	t.Logf("a lossy path: %+v; TCP_INFO: %d retransmitted", stats.Ops, info.Total_retrans)
	if got := stats.Ops.Retransmits; got == 0 || got != uint64(info.Total_retrans) {
		t.Errorf("%d segments sent again, TCP_INFO has %d", got, info.Total_retrans)
	}

	before := stats.Ops.Timeouts
	back := onDevice(t, far, ebpf.AttachTCXIngress, dropOneIn(1))
	if _, err := from.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	until(t, "there are two timeouts", func() bool { return l.Read().Ops.Timeouts >= before+2 })
	back()
	if _, err := to.Read(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	from.quiet(t)
	stats, info = same(t, from, l)
	t.Logf("after a silent path: %+v; TCP_INFO: %d retransmitted, %d timeouts", stats.Ops, info.Total_retrans, info.Total_rto)
	// Not told before Linux 6.7; and the program is not called for each that TCP_INFO has on a busy machine.
	if got := stats.Ops.Timeouts; info.Total_rto > 0 && got > uint64(info.Total_rto) {
		t.Errorf("%d timeouts, TCP_INFO has %d", got, info.Total_rto)
	}
	if got := stats.Ops.Retransmits; got != uint64(info.Total_retrans) {
		t.Errorf("%d segments sent again, TCP_INFO has %d", got, info.Total_retrans)
	}

	stats, info = same(t, to, m)
	if got, want := Sum(stats.Flows).Bytes, info.Bytes_received; got < want {
		t.Errorf("%d bytes came in, TCP_INFO has %d", got, want)
	}
	if got, want := Sum(stats.Flows).Segments, uint64(info.Segs_in-established.Segs_in); got != want {
		t.Errorf("%d segments came in, TCP_INFO has %d", got, want)
	}
}

// intoQueue has the device send all that it sends for new connections through one of its queues: the far end of a veth
// receives on the queue with the same number.
func intoQueue(queue int32) asm.Instructions {
	const queueMapping = 12 // offset in struct __sk_buff
	return asm.Instructions{
		asm.Mov.Imm(asm.R2, queue+1), // as a received packet's, which the choice of the queue follows
		asm.StoreMem(asm.R1, queueMapping, asm.R2, asm.Word),
		asm.Mov.Imm(asm.R0, tcxPass),
		asm.Return(),
	}
}

// TestQueues: flows name the queue that they came in on, whichever it is.
func TestQueues(t *testing.T) {
	const queues = 4
	near, far := cable(t, queues)
	listener, port := far.listen(t, farAddr)
	c := open(t, port)
	_, index := far.statistics(t)
	hashes := make(map[uint32]bool)
	for queue := range queues {
		end := onDevice(t, near, ebpf.AttachTCXEgress, intoQueue(int32(queue)))
		from, to := near.connect(t, listener)
		l := attach(t, c, to)
		mustCarry(t, from, to, 1<<20)
		end()
		flows := l.Read().Flows
		if Sum(flows).Bytes < 1<<20 {
			t.Errorf("sent into queue %d: %+v", queue, flows)
		}
		for _, f := range flows { // more than one after a timeout, which changes the hash
			if f.Interface != index || f.Queue != queue || f.Hash == 0 {
				t.Errorf("sent into queue %d of interface %d: %+v", queue, index, f)
			}
			hashes[f.Hash] = true
		}
	}
	if len(hashes) < 2 {
		t.Errorf("%d connections have the flow hash %v", queues, hashes)
	}
}
