package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// hosted is a house under test, whose streams go to memory.
type hosted struct {
	t       *testing.T
	network *enginetest.Net
	setup   rig.Setup
	house   *engine.House
	log     *lines
	over    chan error // what Run returned

	mu     sync.Mutex
	got    map[int][]byte // by the number of the room; guarded by mu, as is all below
	ended  []int          // in the order in which they ended
	errs   map[int]error
	broken map[int]bool // whose consumer goes away at once
}

// guestTiming has clocks for a house whose peers wait for their turn.
func guestTiming() schedule.Timing {
	t := patient()
	t.Yield, t.Hello, t.Dial = 30*time.Second, 60*time.Second, 60*time.Second // whoever waits is answered late
	return t
}

// keep runs a house for so many at a time.
func keep(t *testing.T, most int, timing schedule.Timing, change func(*hosted, *rig.HouseConfig)) *hosted {
	t.Helper()
	quiet(t)
	h := &hosted{
		t: t, network: enginetest.NewNet(1, enginetest.Faults{}), log: &lines{to: io.Discard}, over: make(chan error, 1),
		got: map[int][]byte{}, errs: map[int]error{}, broken: map[int]bool{},
	}
	h.setup = rig.Setup{Options: engine.Options{Threads: 2, Window: 1 << 20, Leg: 16 << 10}, Hooks: rig.Hooks{Timing: timing, Transport: h.network}}
	c := rig.HouseConfig{Setup: h.setup, Port: port, Most: most, Receives: true, Observer: h.hears(), Open: h.open}
	if change != nil {
		change(h, &c)
	}
	var err error
	if h.house, err = rig.NewHouse(c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { h.over <- h.house.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		run.Wait()
		h.network.Close()
	})
	return h
}

// open makes a receiver into memory.
func (h *hosted) open(r *engine.Room) (func(context.Context), error) {
	from, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	rx, err := rig.NewReceiverIn(r, rig.ReceiveConfig{Setup: h.setup, Sink: int(to.Fd()), Observer: h.hears()})
	if err != nil {
		return nil, err
	}
	read := make(chan struct{})
	h.mu.Lock()
	broken := h.broken[r.Number()]
	h.mu.Unlock()
	go func() {
		defer close(read)
		defer from.Close()
		for b := make([]byte, 64<<10); !broken; {
			n, err := from.Read(b)
			h.mu.Lock()
			h.got[r.Number()] = append(h.got[r.Number()], b[:n]...)
			h.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return func(ctx context.Context) {
		_, err := rx.Run(ctx)
		to.Close()
		<-read
		h.mu.Lock()
		defer h.mu.Unlock()
		if err != nil {
			h.errs[r.Number()] = err
		}
		h.ended = append(h.ended, r.Number())
	}, nil
}

// hears is who hears of all events of the house and its ends.
func (h *hosted) hears() observe.Observer { return hears{h.log, "", observe.LevelChoices} }

// sends has a sender send what comes from a source.
func (h *hosted) sends(source *os.File, to observe.Observer) error {
	return sendsAs(h.setup, source, to)
}

// sendsAs is sends, for a sender with other settings.
func sendsAs(o rig.Setup, source *os.File, to observe.Observer) error {
	tx, err := rig.NewSender(rig.SendConfig{Setup: o, Paths: []engine.Path{{Host: "a", Port: port}}, Source: int(source.Fd()), Observer: to})
	if err != nil {
		return err
	}
	_, err = tx.Run(context.Background())
	return err
}

// sendsBytes is sends for a pipe that holds data.
func (h *hosted) sendsBytes(data []byte) error {
	from, to, err := os.Pipe()
	if err != nil {
		return err
	}
	defer from.Close()
	go func() {
		_, _ = to.Write(data)
		to.Close()
	}()
	return h.sends(from, nil)
}

// drains has the house end by itself.
func (h *hosted) drains() {
	h.t.Helper()
	h.house.Drain()
	select {
	case err := <-h.over:
		if err != nil {
			h.t.Errorf("the house: %v", err)
		}
	case <-time.After(patience):
		h.t.Fatalf("the house does not end\n%s", h.log)
	}
}

// await waits until so many events of a type have been heard.
func await[E observe.Event](t *testing.T, l *lines, times int) {
	t.Helper()
	waitFor(t, "an event was heard", func() bool { return count[E](l, nil) >= times })
}

// Streams that come at once, more than there are places, arrive each whole at an end of its own, whatever links die.
func TestHouseServesManyAtOnce(t *testing.T) {
	h := keep(t, 4, guestTiming(), nil)
	over := make(chan struct{})
	var killer, all sync.WaitGroup
	killer.Go(func() {
		pause := time.NewTicker(20 * time.Millisecond)
		defer pause.Stop()
		for range 50 {
			select {
			case <-pause.C:
				h.network.Cut()
			case <-over:
				return
			}
		}
	})
	const streams = 12
	for i := range uint64(streams) {
		all.Go(func() {
			if err := h.sendsBytes(content(i, 200<<10+int(i))); err != nil {
				t.Errorf("stream %d: %v", i, err)
			}
		})
	}
	all.Wait()
	close(over)
	killer.Wait()
	h.drains()
	for i := range uint64(streams) {
		if !h.has(content(i, 200<<10+int(i))) {
			t.Errorf("stream %d did not come out", i)
		}
	}
}

// has reports whether one stream has come out as it went in, and has not failed.
func (h *hosted) has(data []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for n, b := range h.got {
		if h.errs[n] == nil && bytes.Equal(b, data) {
			return true
		}
	}
	return false
}

// Many streams, one after the other and some at a time, leave nothing behind.
func TestHouseLeavesNothing(t *testing.T) {
	h := keep(t, 8, guestTiming(), nil)
	serve := func(streams int) {
		t.Helper()
		var all sync.WaitGroup
		next := make(chan int)
		for range 8 {
			all.Go(func() {
				for i := range next {
					if err := h.sendsBytes(fmt.Appendf(nil, "stream %d", i)); err != nil {
						t.Errorf("stream %d: %v", i, err)
					}
				}
			})
		}
		for i := range streams {
			next <- i
		}
		close(next)
		all.Wait()
	}
	served := func(n int) {
		waitFor(t, "all have ended", func() bool {
			h.mu.Lock()
			defer h.mu.Unlock()
			return len(h.ended) >= n
		})
	}
	serve(32) // what is made only once is there
	served(32)
	held, heap, maps := enginetest.Hold(), heapInUse(), mappings()
	serve(engine.Stays)
	served(32 + engine.Stays)
	if err := held.Check(); err != nil {
		t.Error(err)
	}
	h.mu.Lock()
	clear(h.got)
	h.mu.Unlock()
	if now := heapInUse(); now > heap+8<<20 {
		t.Errorf("the heap has %d bytes, and had %d", now, heap)
	}
	if now := mappings(); now > maps+200 {
		t.Errorf("there are %d mappings, and were %d", now, maps)
	}
	h.drains()
	for n, err := range h.errs {
		t.Errorf("stream %d: %v", n, err)
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func mappings() int {
	b, _ := os.ReadFile("/proc/self/maps")
	return bytes.Count(b, []byte("\n"))
}

// Senders that find all places taken are told so, and served in the order in which they came.
func TestHouseServesInOrder(t *testing.T) {
	h := keep(t, 1, guestTiming(), nil)
	var senders sync.WaitGroup
	begin := func(i int) (w *os.File) {
		from, to, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		senders.Go(func() {
			defer from.Close()
			if err := h.sends(from, h.hears()); err != nil {
				t.Errorf("sender %d: %v", i, err)
			}
		})
		fmt.Fprintf(to, "%d", i)
		return to
	}
	const streams = 4
	var sources []*os.File
	for i := range streams {
		sources = append(sources, begin(i))
		if i == 0 {
			waitFor(t, "its leg has come", func() bool { return h.has([]byte("0")) })
		} else {
			await[observe.PeerWaits](t, h.log, i)
		}
	}
	for _, w := range sources {
		w.Close()
	}
	senders.Wait()
	h.drains()
	await[observe.TurnAwaited](t, h.log, streams-1)
	for i, n := range h.ended {
		if got := string(h.got[n]); got != fmt.Sprint(i) {
			t.Errorf("stream %q was served as number %d", got, i)
		}
	}
}

// A peer that brings nothing gives way to one that waits, and gets its turn again.
func TestHouseTurnsOutWhoBringsNothing(t *testing.T) {
	timing := guestTiming()
	timing.Yield = 50 * time.Millisecond
	h := keep(t, 1, timing, nil)
	idleR, idleW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer idleR.Close()
	idle := make(chan error, 1)
	go func() { idle <- h.sends(idleR, h.hears()) }()
	await[observe.SenderMet](t, h.log, 1)
	if err := h.sendsBytes([]byte("busy")); err != nil {
		t.Errorf("the one that has something: %v", err)
	}
	idleW.Write([]byte("late"))
	idleW.Close()
	if err := <-idle; err != nil {
		t.Errorf("the one that had nothing: %v", err)
	}
	h.drains()
	for _, data := range []string{"busy", "late"} {
		if !h.has([]byte(data)) {
			t.Errorf("%q did not come out", data)
		}
	}
}

// A stream that fails is alone in that.
func TestHouseStreamFailsAlone(t *testing.T) {
	h := keep(t, 4, guestTiming(), func(h *hosted, _ *rig.HouseConfig) { h.broken[1] = true })
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	failed := make(chan error, 1)
	go func() { failed <- h.sends(from, nil) }()
	to.Write([]byte("nobody reads this"))
	if err := <-failed; engine.ExitStatus(err) != engine.StatusRemotePipe {
		t.Errorf("its sender: %v", err)
	}
	to.Close()
	if err := h.sendsBytes([]byte("all the same")); err != nil {
		t.Error(err)
	}
	h.drains()
	if !h.has([]byte("all the same")) {
		t.Errorf("the other one did not come out: %v", h.got)
	}
}

// A house that takes no more lets those go on that are there, and has others wait.
func TestHouseDrains(t *testing.T) {
	h := keep(t, 4, guestTiming(), nil)
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	sent := make(chan error, 1)
	go func() { sent <- h.sends(from, nil) }()
	to.Write([]byte("begun, "))
	waitFor(t, "its leg has come", func() bool { return h.has([]byte("begun, ")) })
	h.house.Drain()
	late, err := rig.NewSender(rig.SendConfig{Setup: h.setup, Paths: []engine.Path{{Host: "a", Port: port}}, Source: int(from.Fd()), Observer: h.hears()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error, 1)
	go func() { _, err := late.Run(ctx); waited <- err }()
	await[observe.TurnAwaited](t, h.log, 1)
	cancel()
	<-waited
	to.Write([]byte("and ended"))
	to.Close()
	if err := <-sent; err != nil {
		t.Error(err)
	}
	h.drains()
	if !h.has([]byte("begun, and ended")) {
		t.Errorf("came out: %v", h.got)
	}
}

// A link of a stream that is over does not begin it again, and is nothing that a user has to hear of.
func TestHouseLateLink(t *testing.T) {
	h := keep(t, 4, guestTiming(), nil)
	s, peer := newStream(2, 10000), &running{t: t, network: h.network}
	k := peer.link(0)
	k.send(s.frame(0), s.frame(1), s.end())
	k.untilType(wire.TypeDone)
	k.send(wire.Bye{Stream: true}.Append(nil))
	waitFor(t, "the stream has ended", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.ended) == 1
	})
	waitFor(t, "its late link is refused", func() bool { return peer.dial(1).welcome.Verdict == wire.VerdictUnknown })
	h.drains()
	if n := count[observe.Refused](h.log, nil); n > 0 || len(h.ended) != 1 || !h.has(s.data) {
		t.Errorf("%d refusals, %d ends\n%s", n, len(h.ended), h.log)
	}
}

// A stranger costs nothing: no end is made for it.
func TestHouseRefusesStrangers(t *testing.T) {
	h := keep(t, 4, guestTiming(), nil)
	other := h.setup
	other.Phrase = [4]byte{'a', 'b', 'c', 'd'}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if err := sendsAs(other, null, nil); engine.ExitStatus(err) != engine.StatusRefused {
		t.Errorf("a wrong checkphrase: %v", err)
	}
	h.drains()
	if len(h.ended) > 0 {
		t.Errorf("%d ends were made", len(h.ended))
	}
}

// echoes makes both ends for a peer: what it sends goes back.
func (h *hosted) echoes(r *engine.Room) (func(context.Context), error) {
	from, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	rx, err := rig.NewReceiverIn(r, rig.ReceiveConfig{Setup: h.setup, Sink: int(to.Fd()), Observer: h.hears()})
	if err != nil {
		return nil, err
	}
	tx, err := rig.NewSenderIn(r, rig.SendConfig{Setup: h.setup, Source: int(from.Fd()), Observer: h.hears()})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		var both sync.WaitGroup
		for _, run := range []func() error{
			func() error { defer to.Close(); _, err := rx.Run(ctx); return err },
			func() error { defer from.Close(); _, err := tx.Run(ctx); return err },
		} {
			both.Go(func() {
				err := run()
				h.mu.Lock()
				defer h.mu.Unlock()
				if err != nil {
					h.errs[r.Number()] = errors.Join(h.errs[r.Number()], err) // of either end
					cancel(err)
				}
			})
		}
		both.Wait()
	}, nil
}

// Peers that send and receive get back what they send, and not what another one does.
func TestHousePairs(t *testing.T) {
	h := keep(t, 2, guestTiming(), func(h *hosted, c *rig.HouseConfig) { c.Sends, c.Open = true, h.echoes })
	var peers sync.WaitGroup
	for i := range uint64(5) {
		peers.Go(func() {
			data := content(i, 100<<10+int(i))
			if got, err := h.exchanges(byte(i+1), data); err != nil || !bytes.Equal(got, data) {
				t.Errorf("peer %d: %d bytes came back of %d, %v", i, len(got), len(data), err)
			}
		})
	}
	peers.Wait()
	h.drains()
	if len(h.errs) > 0 {
		t.Errorf("%v", h.errs)
	}
}

// exchanges sends and receives, as a peer of its own.
func (h *hosted) exchanges(pair byte, data []byte) ([]byte, error) {
	o := h.setup
	o.Pair = wire.StreamID{pair, 1}
	to := []engine.Path{{Host: "a", Port: port}}
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer inR.Close()
	defer outR.Close()
	rx, err := rig.NewReceiver(rig.ReceiveConfig{Setup: o, Paths: to, Sink: int(outW.Fd())})
	if err != nil {
		return nil, err
	}
	tx, err := rig.NewSender(rig.SendConfig{Setup: o, Paths: to, Source: int(inR.Fd())})
	if err != nil {
		return nil, err
	}
	go func() {
		_, _ = inW.Write(data)
		inW.Close()
	}()
	sent, received := make(chan error, 1), make(chan error, 1)
	go func() { _, err := tx.Run(context.Background()); sent <- err }()
	go func() { _, err := rx.Run(context.Background()); outW.Close(); received <- err }()
	got, _ := io.ReadAll(outR)
	return got, errors.Join(<-sent, <-received)
}

// A peer with one direction only, where both are wanted, is told so.
func TestHouseRefusesHalfAPair(t *testing.T) {
	timing := guestTiming()
	timing.Hello = 100 * time.Millisecond
	h := keep(t, 2, timing, func(h *hosted, c *rig.HouseConfig) { c.Sends, c.Open = true, h.echoes })
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	defer to.Close()
	to.Write([]byte("x"))
	if err := h.sends(from, nil); err == nil {
		t.Error("its sender has sent all")
	}
	h.drains()
	told := func(err error) bool { return strings.Contains(err.Error(), "each has to do both") }
	if !slices.ContainsFunc(slices.Collect(maps.Values(h.errs)), told) { // it may have come again
		t.Errorf("the other ends: %v", h.errs)
	}
}

// A peer that has a link and brings nothing does not hold up a house that takes no more.
func TestHouseDrainsWithoutWhoBringsNothing(t *testing.T) {
	timing := guestTiming()
	timing.Yield = 50 * time.Millisecond
	h := keep(t, 4, timing, nil)
	peer := &running{t: t, network: h.network}
	peer.link(0)
	await[observe.SenderMet](t, h.log, 1)
	h.drains()
}

// A peer whose ends cannot be made hears just that, and may have them later.
func TestHouseCannotMakeEnds(t *testing.T) {
	var well atomic.Bool
	h := keep(t, 4, guestTiming(), func(h *hosted, c *rig.HouseConfig) {
		c.Open = func(r *engine.Room) (func(context.Context), error) {
			if !well.Load() {
				return nil, errors.New("there is nothing to make it of")
			}
			return h.open(r)
		}
	})
	peer := &running{t: t, network: h.network}
	if v := peer.dial(0).welcome.Verdict; v != wire.VerdictEnds {
		t.Errorf("verdict %d, want %d", v, wire.VerdictEnds)
	}
	well.Store(true)
	if err := h.sendsBytes([]byte("at last")); err != nil {
		t.Error(err)
	}
	h.drains()
	if !h.has([]byte("at last")) {
		t.Errorf("came out: %v", h.got)
	}
}
