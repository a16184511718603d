package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/tune"
	"viamillipede/engine/wire"
)

// flow is a whole stream, both ends of it over loopback, from a pipe to a pipe, by two paths.
type flow struct {
	t      *testing.T
	tx     *engine.Sender
	rx     *engine.Receiver
	dialer interface { // the end that dials: either
		Tuned() tune.End
		Snapshot() observe.Snapshot
	}
	in, out *os.File
	sent    int
	over    chan error
	busy    bool // links that are taken back may have been welcomed already, which the end that listens calls lost
}

// flows begins one. dialled: the receiver dials, and the sender listens.
func flows(t *testing.T, o engine.Options, dialled bool) *flow {
	t.Helper()
	quiet(t)
	source, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, sink, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	f := &flow{t: t, in: in, out: out, over: make(chan error, 2)}
	_ = out.SetReadDeadline(time.Now().Add(2 * soon))
	_ = in.SetWriteDeadline(time.Now().Add(2 * soon))
	s, r := rig.SendConfig{Setup: rig.Setup{Options: o}, Source: int(source.Fd())}, rig.ReceiveConfig{Setup: rig.Setup{Options: o}, Sink: int(sink.Fd())}
	paths := func(at net.Addr) []engine.Path {
		port := uint16(at.(*net.TCPAddr).Port)
		return []engine.Path{{Host: "127.0.0.1", Port: port}, {Host: "127.0.0.2", Port: port}}
	}
	if dialled {
		f.tx, err = rig.NewSender(s)
		if err == nil {
			r.Paths = paths(f.tx.Addr())
			f.rx, err = rig.NewReceiver(r)
		}
		f.dialer = f.rx
	} else {
		f.rx, err = rig.NewReceiver(r)
		if err == nil {
			s.Paths = paths(f.rx.Doors().Addr())
			f.tx, err = rig.NewSender(s)
		}
		f.dialer = f.tx
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { _, err := f.tx.Run(ctx); source.Close(); f.over <- err }()
	go func() { _, err := f.rx.Run(ctx); sink.Close(); f.over <- err }()
	t.Cleanup(func() {
		cancel()
		in.Close()
		out.Close()
		for range cap(f.over) {
			<-f.over
		}
	})
	return f
}

// carries puts so many bytes through the stream.
func (f *flow) carries(bytes int) {
	f.t.Helper()
	data, got := content(uint64(f.sent), bytes), make([]byte, bytes)
	f.sent += bytes
	wrote := make(chan error, 1)
	go func() { _, err := f.in.Write(data); wrote <- err }()
	if _, err := io.ReadFull(f.out, got); err != nil {
		f.t.Fatal(err)
	}
	if err := <-wrote; err != nil {
		f.t.Fatal(err)
	}
	if !slices.Equal(got, data) {
		f.t.Fatal("what came out is not what went in")
	}
}

// ends ends the stream, which has to be whole, without a link that was lost.
func (f *flow) ends() {
	f.t.Helper()
	f.in.Close()
	if rest, err := io.ReadAll(f.out); len(rest) > 0 || err != nil {
		f.t.Errorf("%d bytes too many, %v", len(rest), err)
	}
	for range cap(f.over) {
		if err := <-f.over; err != nil {
			f.t.Error(err)
		}
	}
	f.over = make(chan error)
	for _, s := range []observe.Summary{f.tx.Summary(), f.rx.Summary()} {
		if s.LinksLost > 0 && !f.busy {
			f.t.Errorf("%d links lost: %+v", s.LinksLost, s)
		}
	}
}

// until asks until so many links are up by each path.
func (f *flow) until(links ...int) {
	f.t.Helper()
	var now []int
	for deadline := time.Now().Add(soon); ; time.Sleep(time.Millisecond) {
		now = nil
		for _, p := range f.dialer.Snapshot().Paths {
			now = append(now, p.Links)
		}
		switch {
		case slices.Equal(now, links):
			return
		case time.Now().After(deadline):
			f.t.Fatalf("links by path: %v, want %v", now, links)
		}
	}
}

// bytes is what each path has carried, as the sender has it.
func (f *flow) bytes() (all []uint64) {
	for _, p := range f.tx.Snapshot().Paths {
		all = append(all, p.Bytes)
	}
	return all
}

// A path that is off has no links, whoever dials, and carries nothing; on again, it is used in its turn. The number of links goes down
// and up. Nothing is lost by any of that, and no link counts as lost.
func TestTunePathsAndLinks(t *testing.T) {
	for _, dialled := range []bool{false, true} {
		t.Run(fmt.Sprintf("receiver dials %v", dialled), func(t *testing.T) {
			t.Parallel()
			f := flows(t, engine.Options{Threads: 4, Leg: 64 << 10}, dialled)
			roads := f.dialer.Tuned().Roads
			const piece = 1 << 20
			f.until(2, 2)
			f.carries(piece)

			if was, err := roads.SetOn(0, false); !was || err != nil {
				t.Fatal(was, err)
			}
			f.until(0, 2)
			if _, err := roads.SetOn(1, false); err != tune.ErrLastPath {
				t.Errorf("the last path: %v", err)
			}
			before := f.bytes()
			f.carries(piece)
			after := f.bytes()
			if after[0] != before[0] || after[1] < before[1]+piece {
				t.Errorf("the first path is off: %v bytes, then %v", before, after)
			}
			if links := f.dialer.Snapshot().Links; len(links) != 2 {
				t.Errorf("links that are not wanted are shown: %+v", links)
			}
			if p := f.dialer.Snapshot().Paths; !p[0].Off || p[1].Off {
				t.Errorf("paths: %+v", p)
			}

			if was, err := roads.SetOn(0, true); was || err != nil {
				t.Fatal(was, err)
			}
			f.until(2, 2)
			before = f.bytes()
			f.carries(piece)
			if after := f.bytes(); after[0] == before[0] {
				t.Errorf("the first path is on again: %v bytes, then %v", before, after)
			}

			for _, n := range []struct{ links, was, first, second int }{{1, 4, 1, 1}, {3, 1, 2, 1}, {4, 3, 2, 2}} {
				if was, err := roads.SetLinks(n.links); was != n.was || err != nil {
					t.Fatal(was, err)
				}
				f.until(n.first, n.second)
				f.carries(piece)
			}
			var many tune.TooMany
			if _, err := roads.SetLinks(5); !errors.As(err, &many) || many.Most != 4 {
				t.Errorf("%v", err)
			}
			if _, err := roads.SetOn(2, true); err != tune.ErrNoPath {
				t.Errorf("%v", err)
			}
			f.ends()
		})
	}
}

// While a path goes off and on all the time, and links come and go, the stream goes on, and nothing is lost.
func TestTuneWhileItMoves(t *testing.T) {
	t.Parallel()
	f := flows(t, engine.Options{Threads: 4, Leg: 16 << 10}, false)
	f.busy = true
	roads := f.dialer.Tuned().Roads
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			_, _ = roads.SetOn(i%2, i/2%2 == 0)
			_, _ = roads.SetLinks(1 + i%4)
			_, _ = roads.SetRate(i%2, uint64(i%3)<<30)
			_, _ = roads.SetSpill(i%2, time.Duration(i%3))
		}
	}()
	for range 16 {
		f.carries(1 << 20)
	}
	close(stop)
	<-stopped
	f.ends()
}

// What the end that listens paces, and in which order it sends, is what the end that dials was last told by its user.
func TestTuneByCall(t *testing.T) {
	t.Parallel()
	f := flows(t, engine.Options{Threads: 4}, true)
	roads := f.rx.Tuned().Roads
	if f.tx.Tuned().Roads != nil {
		t.Error("an end that listens has paths of its own")
	}
	f.until(2, 2)
	f.carries(1 << 20) // the paths are known
	for _, rate := range []uint64{1 << 30, 0} {
		if _, err := roads.SetRate(1, rate); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(soon); f.tx.Snapshot().Paths[1].Limit != rate; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the sender knows of a rate of %d, want %d", f.tx.Snapshot().Paths[1].Limit, rate)
			}
		}
		f.until(2, 2)
		f.carries(1 << 20)
	}
	if s := roads.Settings(); len(s) != 2 || s[1].Rate != 0 || !s[1].On || s[1].Spill == 0 {
		t.Errorf("%+v", s)
	}
	f.ends()
}

// A limit that comes while the stream runs holds it back, and without it the stream is as fast as before.
func TestTuneLimit(t *testing.T) {
	t.Parallel()
	f := flows(t, engine.Options{Threads: 2}, false)
	if f.rx.Tuned().Source != nil {
		t.Error("an end that receives has a source")
	}
	source := f.tx.Tuned().Source
	f.carries(1 << 20)
	const limit = 512 << 10
	if was := source.SetLimit(limit); was != 0 {
		t.Error(was)
	}
	begun := time.Now()
	f.carries(limit)
	const least = time.Second / 4 // less than a second, because pipes have been filled before, and what was not used may be made up for
	if took := time.Since(begun); took < least {
		t.Errorf("%d bytes took %v with a limit of %d a second", limit, took, limit)
	}
	if was := source.SetLimit(0); was != limit || source.Limit() != 0 {
		t.Error(was)
	}
	begun = time.Now()
	more := small(64<<20, 16<<20)
	f.carries(more)
	if took := time.Since(begun); took >= time.Duration(more/limit)*time.Second/2 {
		t.Errorf("%d bytes took %v after the limit", more, took)
	}
	f.ends()
}

// A rate that changes is divided among the links; too little for all of them leaves some out, and none is no bound.
func TestTuneRate(t *testing.T) {
	p := &paces{now: make(map[*paced]uint64)}
	o := rig.Setup{Options: engine.Options{Threads: 4, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
	o.Timing.Backoff, o.Timing.BackoffMost = time.Millisecond, time.Millisecond
	tx := sendOver(t, o, content(1, 1000), []engine.Path{{Host: "a", Port: port}}, adopting(func(c stream.Connection) stream.Conn { return &paced{Connection: c, all: p} }))
	for range o.Threads {
		tx.accept(4)
	}
	roads := tx.tuned().Roads
	for _, c := range []struct {
		rate, was uint64
		want      []uint64
	}{
		{8 << 20, 0, []uint64{2 << 20, 2 << 20, 2 << 20, 2 << 20}}, {0, 8 << 20, []uint64{0, 0, 0, 0}},
		{4 << 20, 0, []uint64{1 << 20, 1 << 20, 1 << 20, 1 << 20}},
	} {
		if was, err := roads.SetRate(0, c.rate); was != c.was || err != nil {
			t.Fatal(was, err)
		}
		tx.until(fmt.Sprintf("paces of %v", c.want), func() bool { return slices.Equal(p.list(), c.want) })
	}
	if _, err := roads.SetRate(1, 0); err != tune.ErrNoPath {
		t.Error(err)
	}
	tx.cancel()
	tx.wants(engine.StatusInterrupt)
}

// A stream that would wait for an hour ends as soon as its user has less patience.
func TestTuneGiveup(t *testing.T) {
	o := rig.Setup{Options: engine.Options{Threads: 1, Dead: -1, Connect: soon}, Hooks: rig.Hooks{Timing: steady}}
	tx := send(t, o, content(1, 1000), answering(enginetest.PathWorks))
	h := tx.accept(4)
	h.untilType(wire.TypeLeg)
	tx.network.SetAddresses("a", enginetest.PathSilent)
	h.c.Close()
	tx.until("the link is lost", func() bool { return len(tx.status().Links) == 1 && tx.status().Links[0].State == observe.StateDown })
	if was := tx.tuned().SetGiveup(50 * time.Millisecond); was != engine.DefaultGiveup {
		t.Errorf("%v", was)
	}
	tx.wants(engine.StatusLost)
}

// Where links are tried, the user's number ends that.
func TestTuneAuto(t *testing.T) {
	t.Parallel()
	f := flows(t, engine.Options{Auto: true}, false)
	roads := f.dialer.Tuned().Roads
	f.carries(1 << 20)
	if was, err := roads.SetLinks(5); was != 0 || err != nil {
		t.Fatal(was, err)
	}
	f.until(3, 2)
	if was, err := roads.SetLinks(2); was != 5 || err != nil {
		t.Fatal(was, err)
	}
	f.until(1, 1)
	f.carries(1 << 20)
	f.ends()
}
