package sockstats

import (
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio/bpf"
)

// same looks at a socket's statistics and at the kernel's own, which do not change meanwhile.
func same(t testing.TB, s *socket, l *Link) (Stats, *unix.TCPInfo) {
	t.Helper()
	var stats Stats
	var info *unix.TCPInfo
	until(t, "the socket is at rest", func() bool {
		before := s.info(t)
		stats, info = l.Read(), s.info(t)
		return before.Segs_in == info.Segs_in && before.Segs_out == info.Segs_out
	})
	return stats, info
}

// TestCounts: bytes and segments of both ends are those that TCP_INFO has, to the last one. What was sent again, which happens
// on loopback too when the machine is busy, may have come twice; TCP_INFO has it once.
func TestCounts(t *testing.T) {
	var here *place
	listener, port := here.listen(t, "127.0.0.1")
	c := open(t, port)
	from, to := here.connect(t, listener)
	before := map[*socket]*unix.TCPInfo{from: from.info(t), to: to.info(t)}
	links := map[*socket]*Link{from: attach(t, c, from), to: attach(t, c, to)}
	const size = 64 << 20
	mustCarry(t, from, to, size)
	mustCarry(t, to, from, size/16)
	from.quiet(t)
	to.quiet(t)
	peer := map[*socket]*socket{from: to, to: from}
	for s, l := range links {
		again := peer[s].info(t).Bytes_retrans
		stats, after := same(t, s, l)
		sum := Sum(stats.Flows)
		t.Logf("%d flows: %d packets, %d segments, %d bytes", len(stats.Flows), sum.Packets, sum.Segments, sum.Bytes)
		if want := after.Bytes_received - before[s].Bytes_received; sum.Bytes < want || sum.Bytes > want+again {
			t.Errorf("%d bytes, TCP_INFO has %d, and %d were sent again", sum.Bytes, want, again)
		}
		if want := uint64(after.Segs_in - before[s].Segs_in); sum.Segments != want {
			t.Errorf("%d segments, TCP_INFO has %d", sum.Segments, want)
		}
		for _, f := range stats.Flows {
			if f.Interface != 1 || f.Device != "lo" || f.Queue != -1 {
				t.Errorf("interface %d, %s, queue %d; this is loopback, which has no queues", f.Interface, f.Device, f.Queue)
			}
		}
	}
	if lost := c.Lost(); lost != (Lost{}) {
		t.Errorf("%+v are lost", lost)
	}
}

// headers are the bytes before the payload on the cable: Ethernet, IPv4, TCP with timestamps.
const headers = 14 + 20 + 32

// TestInterface: what came in on the device is what its sockets counted, all links together.
func TestInterface(t *testing.T) {
	near, far := cable(t, 1)
	listener, port := far.listen(t, farAddr)
	c := open(t, port)
	var links []*Link
	var froms, tos []*socket
	for range 4 {
		from, to := near.connect(t, listener)
		froms, tos, links = append(froms, from), append(tos, to), append(links, attach(t, c, to))
	}
	before, index := far.statistics(t)
	var all sync.WaitGroup
	for i := range links {
		all.Go(func() {
			if err := carry(froms[i], tos[i], 16<<20); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var packets, bytes uint64
	for i, l := range links {
		froms[i].quiet(t)
		stats, _ := same(t, tos[i], l)
		sum := Sum(stats.Flows)
		packets, bytes = packets+sum.Packets, bytes+sum.Bytes
		for _, f := range stats.Flows {
			if f.Interface != index || f.Device != cableDevice {
				t.Errorf("link %d: interface %d, %s; expected %d, %s", i, f.Interface, f.Device, index, cableDevice)
			}
		}
	}
	after, _ := far.statistics(t)
	near1 := func(what string, got, want uint64) {
		t.Logf("%s: %d, the device has %d", what, got, want)
		if math.Abs(float64(got)-float64(want)) > float64(want)/1000 {
			t.Errorf("%s: %d, the device has %d", what, got, want)
		}
	}
	near1("packets", packets, after.RxPackets-before.RxPackets)
	near1("bytes", bytes+packets*headers, after.RxBytes-before.RxBytes)
}

// swept waits until nothing is left of sockets that are gone.
func swept(t *testing.T, c *Collector) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		busy := c.sweeping
		c.mu.Unlock()
		if !busy {
			return
		}
		if time.Now().After(end) {
			t.Fatal("a sweep does not end")
		}
	}
}

// TestNobodyWaitsForAWalk: while somebody walks through the maps, sockets come and go.
func TestNobodyWaitsForAWalk(t *testing.T) {
	var here *place
	listener, port := here.listen(t, "127.0.0.1")
	c := open(t, port)
	from, to := here.connect(t, listener)
	one := attach(t, c, from)
	c.maps.Lock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := c.Attach(to.fd)
		if err = errors.Join(err, one.Close()); err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("they wait")
	}
	c.maps.Unlock()
	<-done
	swept(t, c)
}

// countsOf is what the map has of a link.
func countsOf(c *Collector, l *Link) []counted {
	all := map[uint64][]counted{l.cookie: nil}
	c.counter.read(all)
	return all[l.cookie]
}

// TestReadAll: each of several links that are read together has its own counts, as if it were read alone, and a closed one has none.
func TestReadAll(t *testing.T) {
	var here *place
	listener, port := here.listen(t, "127.0.0.1")
	c := open(t, port)
	var links []*Link
	for range 3 {
		from, to := here.connect(t, listener)
		links = append(links, attach(t, c, from), attach(t, c, to))
		mustCarry(t, from, to, 1<<20)
		from.quiet(t)
	}
	if err := links[2].Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "links have the same counts, read together and alone", func() bool { // an ack may still come in
		all := ReadAll(links)
		for i, l := range links {
			if got, want := all[i].Flows, l.Read().Flows; !reflect.DeepEqual(got, want) || (len(got) == 0) != (i == 2) {
				return false
			}
		}
		return true
	})
	if len(ReadAll(nil)) != 0 {
		t.Error("no links have counts")
	}
}

// TestClosedLinkLeavesNothing: the flows of a link that was closed are gone, and those of the others are not.
func TestClosedLinkLeavesNothing(t *testing.T) {
	var here *place
	listener, port := here.listen(t, "127.0.0.1")
	c := open(t, port)
	from, to := here.connect(t, listener)
	one, other := attach(t, c, from), attach(t, c, to)
	mustCarry(t, from, to, 1<<20)
	from.quiet(t)
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	swept(t, c)
	if s := one.Read(); len(s.Flows) > 0 || len(countsOf(c, one)) > 0 {
		t.Errorf("a closed link has flows: %v", s.Flows)
	}
	mustCarry(t, to, from, 1<<20) // not counted any more
	if len(countsOf(c, one)) > 0 {
		t.Error("a closed link counts on")
	}
	if len(other.Read().Flows) == 0 {
		t.Error("the other link lost its flows")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := other.Close(); err != nil {
		t.Errorf("close a link after its collector: %v", err)
	}
	if _, err := c.Attach(to.fd); !errors.Is(err, os.ErrClosed) {
		t.Errorf("attach to a closed collector: %v", err)
	}
}

// TestFull: a map that is full loses statistics and nothing else, and says so.
func TestFull(t *testing.T) {
	var here *place
	listener, port := here.listen(t, "127.0.0.1")
	c := open(t, port)
	from, to := here.connect(t, listener)
	l := attach(t, c, to)
	c.mu.Lock()
	for i := range uint32(c.counter.Flows.MaxEntries()) {
		if err := c.counter.Flows.Put(flowKey{Cookie: 1, Hash: i}, flowCount{}); err != nil {
			t.Fatal(err)
		}
	}
	c.mu.Unlock()
	mustCarry(t, from, to, 1<<20)
	if lost := c.Lost(); lost.Bytes < 1<<20 || lost.Packets == 0 || len(l.Read().Flows) > 0 {
		t.Errorf("%+v are lost, the flows are %v", lost, l.Read().Flows)
	}
	if err := l.Close(); err != nil { // and takes away what belongs to nobody
		t.Fatal(err)
	}
	swept(t, c)
	l = attach(t, c, to)
	mustCarry(t, from, to, 1<<20)
	if sum := Sum(l.Read().Flows); sum.Bytes < 1<<20 {
		t.Errorf("%d bytes, expected %d or more", sum.Bytes, 1<<20)
	}
}

// TestRefused: other descriptors than those of TCP sockets.
func TestRefused(t *testing.T) {
	c := open(t, 1)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	for _, fd := range []int{fds[0], -1, 1 << 20} {
		if l, err := c.Attach(fd); err == nil {
			t.Errorf("attached to descriptor %d: %v", fd, l)
		}
	}
}

// TestNotAttached: a group that takes no program leaves a reason, and nothing open.
func TestNotAttached(t *testing.T) {
	open(t, 1) // or skip
	o, err := loadObserver(t.TempDir(), []uint16{1}, nil)
	if err == nil {
		o.close()
		t.Fatal("attached to a folder that is no control group")
	}
	t.Log(err)
}

// TestUnprivileged: the reason fits in a line.
func TestUnprivileged(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to do without it")
	}
	err := asNobody(func() error {
		c, err := Open(Config{Local: []uint16{1}})
		if err == nil {
			c.Close()
			if c.Ops() == nil {
				t.Error("sock_ops is at work for nobody")
			}
		}
		return err
	})
	if err == nil {
		t.Skip("everybody may use BPF here")
	}
	t.Log(err)
	if !errors.Is(err, bpf.ErrNotPermitted) || len(err.Error()) > 120 || strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("%q, expected one line on a permission", err)
	}
}

// TestConcurrent: links come and go while others are read, and the collector ends among them.
func TestConcurrent(t *testing.T) {
	var here *place
	listener, port := here.listen(t, "127.0.0.1")
	c := open(t, port)
	links := make(chan *Link, 64)
	var readers, all sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for l := range links {
				l.Read()
				c.Lost()
			}
		})
	}
	for range 4 {
		from, to := here.connect(t, listener)
		all.Go(func() {
			for round := range 20 {
				var own []*Link
				for _, s := range []*socket{from, to} {
					l, err := c.Attach(s.fd)
					if err != nil {
						t.Error(err)
						return
					}
					own = append(own, l)
				}
				if err := carry(from, to, 1<<16); err != nil {
					t.Error(err)
				}
				for _, l := range own {
					links <- l
					if sum := Sum(l.Read().Flows); sum.Packets == 0 {
						t.Errorf("round %d: nothing counted", round)
					}
					if err := l.Close(); err != nil {
						t.Error(err)
					}
					links <- l
				}
				if round == 10 {
					c.Settle()
				}
			}
		})
	}
	all.Wait()
	if n := len(c.live); n != 0 {
		t.Errorf("%d sockets are still there", n)
	}
	c.Close()
	close(links)
	readers.Wait()
}
