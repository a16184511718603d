package send

import (
	"container/heap"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/engine/send/course"
	"viamillipede/engine/wire"
	"viamillipede/netio"
	"viamillipede/netio/dial"
)

// A simulation runs the sender's own dispatch, links and window in virtual time: no socket, no byte moved, no clock. What is
// played is the network and the receiver.
//
//	txloop.dispatch -> simLink (SendFile) -> its path's queue and rate -> delay -> the receiver's ring
//	txlink.ready    <- simLink (Recv)     <- delay <- an ack for 512 KiB of legs, or after 1 ms
//
// The source is a file with a hole as long as any stream, so that legs stay in it, or a pipe that a producer fills now and then; the
// sink takes everything at once. A kernel is played as far as the scheduler sees it: a congestion window that doubles with each round trip until the path and
// its queue are full, and the limit of what may be unsent.
type simulation struct {
	t      *testing.T
	s      *Sender
	loops  []*txloop
	again  []bool // a round of dispatch of a loop is due
	waits  []int  // how often a loop has waited
	now    time.Duration
	events simEvents
	order  int // of events at one time
	paths  []*simPath
	links  []*simLink
	source *simSource // nil: the file

	got       []int  // bytes of legs received beyond next, by number modulo its length; 0 is not received
	next      uint64 // the first leg that is missing
	last      uint64 // the last leg that was received
	received  int64  // bytes
	delivered int64  // bytes
	bitmap    []uint64
}

// simPath is one bottleneck, whose links share it.
type simPath struct {
	rate   float64       // bytes a second
	delay  time.Duration // one way
	queue  float64       // bytes that wait at most
	links  int
	spill  time.Duration
	silent bool       // nothing leaves
	line   []simChunk // what waits, and what leaves now before it
	sent   int64      // bytes
}

// simChunk is what leaves at once.
type simChunk struct {
	link  *simLink
	bytes int
	begun time.Duration // when it came into the queue
}

type simEvent struct {
	at    time.Duration
	order int
	do    func()
}

type simEvents []simEvent

func (e simEvents) Len() int { return len(e) }
func (e simEvents) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e simEvents) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *simEvents) Push(x any)   { *e = append(*e, x.(simEvent)) }
func (e *simEvents) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

// simLink is the connection of one link: the kernels at both ends of it, and what it has for the sender to read.
type simLink struct {
	sim  *simulation
	path *simPath
	k    *txlink
	pipe *os.File // what the loop watches; it is never ready

	limit     int // LimitUnsent
	waits     bool
	unsent    int
	inNetwork int
	acked     uint64
	window    float64 // congestion window, bytes
	srtt      time.Duration

	written int64    // bytes that the link took
	arrived int64    // of these, at the receiver
	legs    []simLeg // on their way, in order
	header  []byte   // of the leg that begins
	rest    int      // bytes of it that the link has not taken
	owed    int
	ackAt   time.Duration // when the ack that is due leaves; 0: none is due
	inbox   []byte
	beats   int // that it sent
}

type simLeg struct {
	number uint64
	length int
	end    int64 // of it, in the bytes of the link
}

// Sizes of a chunk, in bytes: half a millisecond of its path, in these bounds.
const (
	simChunkLeast = 4 << 10
	simChunkMost  = 4 << 20
)

// simulate makes a stream over the paths, with so many links on each, from a file as long as any stream.
func simulate(t *testing.T, o stream.Options, links int, paths ...*simPath) *simulation {
	t.Helper()
	o.CPUs = []int{-1}
	return simulateFrom(t, hole(t), stream.SendSetup{Setup: stream.Setup{Options: o, Hooks: stream.Hooks{ForceSendFile: true}}}, links, paths...)
}

// hole makes a file with next to nothing in it. It is on no disk, where the kernel would get a page for each look at a hole.
func hole(t *testing.T) *os.File {
	t.Helper()
	fd, err := unix.MemfdCreate("hole", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	hole := os.NewFile(uintptr(fd), "hole")
	t.Cleanup(func() { hole.Close() })
	if err := hole.Truncate(1 << 42); err != nil {
		t.Skipf("no file with a long hole here: %v", err)
	}
	return hole
}

// simulateFrom makes a stream from the source over the paths, with so many links on each and a loop for each of c.CPUs.
func simulateFrom(t *testing.T, source *os.File, c stream.SendSetup, links int, paths ...*simPath) *simulation {
	t.Helper()
	if !simulates {
		t.Skip("a plain run has it")
	}
	c.Threads, c.Source = links*len(paths), int(source.Fd())
	for _, p := range paths {
		c.Paths = append(c.Paths, stream.Path{Host: "simulated", Port: 1, Spill: p.spill})
	}
	s, err := New(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	sim := &simulation{t: t, s: s, loops: s.loops, again: make([]bool, len(s.loops)), waits: make([]int, len(s.loops)), paths: paths, bitmap: make([]uint64, wire.MaxBitmap/8)}
	sim.setTime()
	size, buffers := stream.Fit(s.cfg.Window, s.cfg.Leg, links*len(paths))
	credit := buffers - links*len(paths)
	sim.got = make([]int, credit)
	if err := s.welcome(wire.Welcome{Stream: s.stream, Credit: uint32(credit), MaxLeg: uint32(size)}); err != nil {
		t.Fatal(err)
	}
	for i := range links * len(paths) {
		sim.link(i, paths[i%len(paths)])
	}
	sim.tick()
	return sim
}

// time is virtual.
func (sim *simulation) time() time.Time { return time.Unix(1000, 0).Add(sim.now) }

func (sim *simulation) setTime() {
	for _, l := range sim.loops {
		l.Now = sim.time()
	}
}

// ready has a link's loop do a round.
func (c *simLink) ready(events uint32) {
	c.k.Ready(events)
	c.sim.again[c.k.owner.ID] = true
}

// link brings a link up.
func (sim *simulation) link(i int, p *simPath) {
	r, w, err := os.Pipe()
	if err != nil {
		sim.t.Fatal(err)
	}
	sim.t.Cleanup(func() { r.Close(); w.Close() })
	p.links++
	c := &simLink{sim: sim, path: p, pipe: r, window: 10 * 1448, srtt: 2 * p.delay, limit: 1 << 20}
	home := sim.s.reach.Home(i)
	c.k = &txlink{s: sim.s, owner: sim.loops[sim.s.loopOf(i)], Link: course.Link{
		Fleet: &sim.s.fleet, Path: home, Order: sim.s.order, Link: stream.Link{Index: i, Name: home.String(), Conn: stream.Equip(c)},
	}}
	c.k.lost = func(schedule.Use) { sim.t.Errorf("at %v link %d was lost", sim.now, i) }
	c.limit = c.k.Most()
	sim.links = append(sim.links, c)
	sim.s.linkUp(c.k.owner, c.k)
}

// at has something happen.
func (sim *simulation) at(when time.Duration, do func()) {
	sim.order++
	heap.Push(&sim.events, simEvent{when, sim.order, do})
}

// tick plays the loop's ticks, and the receiver's heartbeats.
func (sim *simulation) tick() {
	for i, l := range sim.loops {
		l.tick()
		sim.again[i] = true
	}
	for _, c := range sim.links {
		if c.k.Gone {
			continue
		}
		c.inbox = append(c.inbox, wire.Beat{Sent: 1}.Append(nil)...)
		c.ready(netio.Readable)
	}
	sim.at(sim.now+sim.s.time.Tick, sim.tick)
}

// run lets virtual time pass.
func (sim *simulation) run(until time.Duration) {
	for sim.round(); len(sim.events) > 0 && sim.events[0].at <= until && !sim.t.Failed(); sim.round() {
		e := heap.Pop(&sim.events).(simEvent)
		sim.now = e.at
		sim.setTime()
		e.do()
	}
	sim.now = until
}

// round makes the loops dispatch until they would wait.
func (sim *simulation) round() {
	for busy := true; busy; {
		busy = false
		for i, l := range sim.loops {
			did := false
			for l.Nudges() || sim.again[i] {
				sim.again[i], did = l.dispatch(), true
			}
			if did {
				busy = true
				sim.wait(i, l.Soonest())
			}
		}
		busy = sim.source.look(sim) || busy
	}
}

// wait has a loop do another round within d, 0 for none, unless it does one before.
func (sim *simulation) wait(loop int, d time.Duration) {
	sim.waits[loop]++
	if number := sim.waits[loop]; d > 0 {
		sim.at(sim.now+d, func() { sim.again[loop] = sim.again[loop] || sim.waits[loop] == number })
	}
}

// push sends what the congestion window allows.
func (c *simLink) push() {
	p, sim := c.path, c.sim
	most := (p.rate*2*p.delay.Seconds() + p.queue) / float64(p.links)
	for c.unsent > 0 && float64(c.inNetwork) < min(c.window, most) {
		n := min(c.unsent, max(simChunkLeast, min(simChunkMost, int(p.rate/2000))))
		c.unsent -= n
		c.inNetwork += n
		if p.line = append(p.line, simChunk{c, n, sim.now}); len(p.line) == 1 {
			p.serve(sim)
		}
	}
	if c.waits && c.unsent < c.limit {
		c.waits = false
		sim.at(sim.now, func() { c.ready(netio.Writable) })
	}
}

// serve makes the first chunk in line leave.
func (p *simPath) serve(sim *simulation) {
	if p.silent {
		sim.at(sim.now+10*time.Millisecond, func() { p.serve(sim) })
		return
	}
	first := p.line[0]
	sim.at(sim.now+time.Duration(float64(first.bytes)/p.rate*float64(time.Second)), func() {
		p.sent += int64(first.bytes)
		sim.at(sim.now+p.delay, func() { first.link.arrive(first.bytes, first.begun) })
		if p.line = p.line[1:]; len(p.line) > 0 {
			p.serve(sim)
		}
	})
}

// arrive is the other kernel's part, and the receiver's.
func (c *simLink) arrive(n int, begun time.Duration) {
	c.arrived += int64(n)
	c.sim.at(c.sim.now+c.path.delay, func() {
		c.inNetwork -= n
		c.acked += uint64(n)
		c.window += float64(n)
		c.srtt += (c.sim.now - begun - c.srtt) / 8
		c.push()
	})
	for len(c.legs) > 0 && c.legs[0].end <= c.arrived {
		c.sim.receive(c.legs[0])
		c.owed += c.legs[0].length
		c.legs = c.legs[1:]
		switch {
		case c.owed >= max(schedule.AckEvery, int(c.path.rate/5000)): // less often on a fast path, to save the simulation work
			c.acknowledge()
		case c.ackAt == 0:
			c.ackAt = c.sim.now + schedule.AckWithin
			c.sim.at(c.ackAt, func() {
				if c.ackAt == c.sim.now {
					c.acknowledge()
				}
			})
		}
	}
}

// receive takes a leg into the ring.
func (sim *simulation) receive(l simLeg) {
	switch at := sim.slot(l.number); {
	case l.number < sim.next || l.number < sim.next+uint64(len(sim.got)) && *at > 0:
		return // it came before
	case l.number >= sim.next+uint64(len(sim.got)):
		sim.t.Errorf("leg %d is beyond the credit", l.number)
	default:
		*at = l.length
		sim.received += int64(l.length)
		sim.last = max(sim.last, l.number)
	}
	for at := sim.slot(sim.next); *at > 0; at = sim.slot(sim.next) {
		sim.delivered += int64(*at)
		*at = 0
		sim.next++
	}
}

func (sim *simulation) slot(number uint64) *int { return &sim.got[number%uint64(len(sim.got))] }

// acknowledge sends an ack by this link.
func (c *simLink) acknowledge() {
	sim := c.sim
	c.owed, c.ackAt = 0, 0
	clear(sim.bitmap)
	used := 0
	for n := sim.next + 1; n <= sim.last && n-sim.next-1 < uint64(64*len(sim.bitmap)); n++ {
		if bit := n - sim.next - 1; *sim.slot(n) > 0 {
			sim.bitmap[bit/64] |= 1 << (bit % 64)
			used = int(bit/64) + 1
		}
	}
	frame := wire.Ack{Received: sim.next, Delivered: sim.next, Bitmap: sim.bitmap[:used]}.Append(nil)
	sim.at(sim.now+c.path.delay, func() {
		c.inbox = append(c.inbox, frame...)
		c.ready(netio.Readable)
	})
}

// take accepts so many bytes, or fewer: the kernel takes 64 KiB at a time until the limit is passed.
func (c *simLink) take(n int) (int, error) {
	const block = 64 << 10
	if c.unsent >= c.limit {
		c.waits = true
		return 0, netio.ErrAgain
	}
	n = min(n, (c.limit-c.unsent+block-1)/block*block)
	c.unsent += n
	c.written += int64(n)
	c.push()
	return n, nil
}

func (c *simLink) SendMore(p, b []byte) (int, error) {
	if b != nil {
		return c.Send(p, b)
	}
	n, err := c.take(len(p))
	if err != nil {
		return 0, err
	}
	if c.header = append(c.header, p[:n]...); len(c.header) == wire.HeaderLen {
		h, err := wire.ParseHeader(c.header)
		if err != nil {
			c.sim.t.Fatal(err)
		}
		l := h.Leg()
		c.legs = append(c.legs, simLeg{l.Number, int(l.Length), c.written + int64(l.Length)})
		c.header, c.rest = c.header[:0], int(l.Length)
	}
	return n, nil
}

func (c *simLink) SendFile(_ *netio.Source, _ int64, n int) (int, error) { return c.body(n) }

// body takes some of a leg, whose header was taken.
func (c *simLink) body(n int) (int, error) {
	n, err := c.take(n)
	c.rest -= n
	return n, err
}

// Send is for legs in memory, with their header or without; and for heartbeats, which cost nothing here.
func (c *simLink) Send(a, b []byte) (int, error) {
	switch {
	case c.rest > 0:
		return c.body(len(a))
	case b == nil && len(c.header) == 0:
		c.beats++
		return len(a), nil
	}
	n, err := c.SendMore(a, nil)
	if err != nil || n < len(a) {
		return n, err
	}
	m, err := c.body(len(b))
	if err == netio.ErrAgain {
		err = nil
	}
	return n + m, err
}

func (c *simLink) Recv(a, _ []byte) (int, error) {
	if len(c.inbox) == 0 {
		return 0, netio.ErrAgain
	}
	n := copy(a, c.inbox)
	c.inbox = c.inbox[n:]
	return n, nil
}

func (c *simLink) Queued() netio.Queue {
	return netio.Queue{
		Told: true, InNetwork: c.inNetwork, Unsent: c.unsent, Acked: c.acked, RTT: c.srtt, MinRTT: 2 * c.path.delay,
	}
}

func (c *simLink) LimitUnsent(bytes int) {
	c.limit = bytes
	if c.waits && c.unsent < c.limit {
		c.waits = false
		c.sim.at(c.sim.now, func() { c.ready(netio.Writable) })
	}
}

func (c *simLink) FD() int           { return int(c.pipe.Fd()) }
func (*simLink) Kept() bool          { return false }
func (c *simLink) LeavesByNIC() bool { return false }
func (c *simLink) Info() netio.Info  { return netio.Info{RTT: c.srtt, MinRTT: 2 * c.path.delay} }
func (c *simLink) Pending() bool     { return len(c.inbox) > 0 }
func (c *simLink) IncomingCPU() int  { return -1 }

func (c *simLink) Settle(string) (dial.Congestion, bool) {
	return dial.Congestion{Name: "simulated"}, true
}
func (c *simLink) Completions([]netio.Completion) []netio.Completion { return nil }

// What no link of a simulation does.
func (c *simLink) AllowZero() error                       { panic("zero-copy") }
func (c *simLink) SendZero([]byte) (int, error)           { panic("zero-copy") }
func (c *simLink) SendPipe(*netio.Pipe, int) (int, error) { panic("a pipe") }
func (c *simLink) Splice(*netio.Sink, int) (int, error)   { panic("a sink") }
func (c *simLink) TakePipe(*netio.Pipe, int) (int, error) { panic("a pipe") }
func (c *simLink) Push()                                  {}
func (c *simLink) Await(int)                              {}
func (c *simLink) Pace(uint64)                            {}
func (c *simLink) Reset()                                 {}
func (c *simLink) Finish()                                {}
func (c *simLink) Abort() error                           { return nil }
func (c *simLink) Close() error                           { return nil }

// rates lets time pass and gives how many bytes a second are received in it, and how many delivered: a leg that is late holds
// back the delivery of all behind it, and brings it all at once.
func (sim *simulation) rates(d time.Duration) (received, delivered float64) {
	before, out := sim.received, sim.delivered
	sim.run(sim.now + d)
	return float64(sim.received-before) / d.Seconds(), float64(sim.delivered-out) / d.Seconds()
}

// resent is the part of the stream that was sent again.
func (sim *simulation) resent() float64 {
	w := sim.s.fleet.Window
	return float64(w.State().Resent.Bytes) / float64(w.Arrived())
}

// simSource is a producer at the other end of a pipe: burst bytes at a time, at a mean rate. What the pipe does not take waits.
type simSource struct {
	pipe    int
	holds   int           // what it puts into the pipe, at most
	burst   int           // bytes
	rate    float64       // bytes a second
	waiting int           // bytes that it has and the pipe does not
	next    time.Duration // when the next burst comes
	due     bool          // it is about to write
}

// produce makes a source of a simulation: its pipe, to read from, and what fills it once the simulation runs.
func produce(t *testing.T, burst int, rate float64) (*os.File, *simSource) {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	r, w := os.NewFile(uintptr(ends[0]), "pipe"), ends[1]
	t.Cleanup(func() { r.Close(); unix.Close(w) })
	return r, &simSource{pipe: w, holds: 1 << 20, burst: burst, rate: rate}
}

// start makes the first burst.
func (p *simSource) start(sim *simulation) {
	sim.source = p
	p.next = sim.now
	p.produce(sim, p.rate)
}

// produce makes a burst, and the next one in time, until the rate is another one.
func (p *simSource) produce(sim *simulation, rate float64) {
	if rate != p.rate {
		return
	}
	p.waiting += p.burst
	p.next += time.Duration(float64(p.burst) / rate * float64(time.Second))
	sim.at(p.next, func() { p.produce(sim, rate) })
}

// change makes it produce at another rate; what waits is forgotten.
func (p *simSource) change(sim *simulation, rate float64) {
	if rate == p.rate {
		return
	}
	p.waiting, p.rate, p.next = 0, rate, sim.now
	p.produce(sim, rate)
}

// look has the producer write if it can, and a loop that watches the pipe know of it. It reports whether one did.
func (p *simSource) look(sim *simulation) bool {
	if p == nil {
		return false
	}
	if p.waiting > 0 && !p.due && p.room() > 0 {
		p.due = true
		sim.at(sim.now+simLatency, func() {
			p.due = false
			n, err := unix.Write(p.pipe, simZeros[:min(p.waiting, p.room())])
			if err != nil && err != unix.EAGAIN { // the pipe counts pages
				sim.t.Fatal(err)
			}
			p.waiting -= max(0, n)
		})
	}
	if i := sim.s.watcher.Load(); i != nobody && p.held() > 0 {
		sim.loops[i].Ready(netio.Readable)
		sim.again[i] = true
		return true
	}
	return false
}

// simLatency is how long the producer takes to see that there is room.
const simLatency = 20 * time.Microsecond

var simZeros [1 << 20]byte

// held is what is in the pipe, in bytes.
func (p *simSource) held() int {
	n, err := unix.IoctlGetInt(p.pipe, unix.TIOCINQ)
	if err != nil {
		panic(err)
	}
	return n
}

func (p *simSource) room() int { return p.holds - p.held() }
