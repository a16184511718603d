package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/rig"
	"viamillipede/engine/schedule"
	sealing "viamillipede/engine/seal"
)

// theKey is that of all sealed streams of these tests.
var theKey = sealing.NewKey()

// TestSeedsSealed is TestSeeds with links that are sealed, some of which change their secrets all the time. However often links are
// dialled again, and legs resent, no nonce is used twice.
func TestSeedsSealed(t *testing.T) {
	var moved, records, secrets atomic.Uint64
	forSeeds(t, "TestSeedsSealed", 4, func(seed uint64, log io.Writer) error {
		s := newScenario(seed)
		s.seal()
		key, seen := watched([]uint64{0, 8, 50}[seed%3]) // 8: a handshake has less
		s.options.Key = key
		s.options.Timing.Linger = max(s.options.Timing.Linger, 10*time.Second) // longer than attempts on dead paths, and a handshake, take
		err := s.run(log)
		moved.Add(s.moved)
		r, n := seen.of()
		records.Add(r)
		secrets.Add(n)
		if err == nil && seen.fault() != nil {
			err = fmt.Errorf("seed %d: %w", seed, seen.fault())
		}
		return err
	})
	t.Logf("%d records under %d secrets", records.Load(), secrets.Load())
	if moved.Load() == 0 && *seedFlag < 0 {
		t.Error("no link ever moved from loop to loop")
	}
}

// TestSeedsThatFailSealed is TestSeedsThatFail with links that are sealed.
func TestSeedsThatFailSealed(t *testing.T) {
	forSeeds(t, "TestSeedsThatFailSealed", 16, func(seed uint64, log io.Writer) error {
		d := newDoomed(seed)
		d.seal()
		return d.run(log)
	})
}

// seal makes the links of a scenario sealed. Their handshakes take time of a CPU, of which a test with many streams has little.
func (s *scenario) seal() {
	s.options.Key = theKey
	s.options.Timing.Dial = max(s.options.Timing.Dial, sealedDial)
	s.options.Timing.Hello = max(s.options.Timing.Hello, soon)
}

// sealedDial is how long an end that dials waits for a handshake. Its peer waits longer, as by default: an end that gives a handshake up
// while the other one works on it tells that one that it has no key.
const sealedDial = 2 * time.Second

// meddled are the clocks of a stream whose sealed links somebody meddles with: a link that he has cut is missed soon, a handshake takes its
// time, and an end waits for the other one's next.
func meddled() schedule.Timing {
	t := quick
	t.Dial, t.Hello, t.Dead, t.DeadPeer, t.Linger = sealedDial, soon, 500*time.Millisecond, soon, 3*time.Second
	return t
}

// TestPlanesSealed is TestPlanes with links that are sealed: from every source into every sink, whole or under fire, everything is copied,
// and the reason is said.
func TestPlanesSealed(t *testing.T) {
	quiet(t)
	refuses := func() (stream.Prover, error) { return nil, os.ErrPermission }
	for nth, from := range origins() {
		for _, to := range []enginetest.Kind{
			enginetest.KindPipe, enginetest.KindFile, enginetest.KindAppend, enginetest.KindSocket, enginetest.KindNull,
		} {
			for i := range 4 {
				if testing.Short() && i != (nth+int(to))%2*3 {
					continue // each pair of ends once, whole or with all of it
				}
				c := cell{from, to, rig.Setup{
					Options: engine.Options{Threads: 4, Leg: planeLeg, Window: 4 << 20, IO: "auto", Checksum: i/2 > 0, Chaos: i % 2 * 3, Key: theKey},
					Hooks:   rig.Hooks{Prove: refuses, Timing: patient()},
				}, "refused"}
				t.Run(c.String(), c.run)
			}
		}
	}
}

// tap is a middleman on the TCP network: it hands over what both sides say, keeps a copy of it, and may change it.
type tap struct {
	stream.Transport
	change func(link int, forth bool, at int, b []byte)              // nil: nothing; called from many goroutines
	meddle func(link int, forth bool, n int, record []byte) [][]byte // what goes on in place of a record; nil: he does not look at records

	mu    sync.Mutex
	heard bytes.Buffer // guarded by mu, as is all below
	links int
	wg    sync.WaitGroup
}

func (m *tap) Dial(ctx context.Context, p engine.Path, to netip.Addr, from uint16) (net.Conn, error) {
	far, err := m.Transport.Dial(ctx, p, to, from)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		far.Close()
		return nil, err
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		far.Close()
		return nil, err
	}
	mine, err := l.Accept()
	if err != nil {
		far.Close()
		near.Close()
		return nil, err
	}
	m.mu.Lock()
	link := m.links
	m.links++
	m.mu.Unlock()
	hand := m.hand
	if m.meddle != nil {
		hand = m.handRecords
	}
	m.wg.Go(func() { hand(link, true, mine, far) })
	m.wg.Go(func() { hand(link, false, far, mine) })
	return near, nil
}

// hand hands over what comes from one side of a link.
func (m *tap) hand(link int, forth bool, from, to net.Conn) {
	b := make([]byte, 64<<10)
	for at := 0; ; {
		n, err := from.Read(b)
		if m.change != nil {
			m.change(link, forth, at, b[:n])
		}
		at += n
		m.mu.Lock()
		m.heard.Write(b[:n])
		m.mu.Unlock()
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			to.(*net.TCPConn).CloseWrite()
			if werr != nil {
				from.Close()
			}
			return
		}
	}
}

// sealedStream sends data through a middleman, from an end with a key to one with another, and returns what came out and how both ended.
func sealedStream(t *testing.T, m *tap, data []byte, txKey, rxKey *sealing.Key, timing rig.Hooks) (got []byte, rxErr, txErr error) {
	t.Helper()
	source, err := enginetest.NewSource(enginetest.KindFile, data)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	sink, err := enginetest.NewSink(enginetest.KindPipe)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	log := &lines{to: io.Discard}
	o := engine.Options{Threads: 3, Leg: 16 << 10, Window: 1 << 20, Connect: soon}
	rxo, txo := rig.Setup{Options: o, Hooks: timing}, rig.Setup{Options: o, Hooks: timing}
	rxo.Key, txo.Key = rxKey, txKey
	r, err := rig.NewReceiver(rig.ReceiveConfig{Setup: rxo, Sink: sink.FD, Observer: hears{log, "rx: ", 2}})
	if err != nil {
		t.Fatal(err)
	}
	m.Transport = stream.TCP(txo.Bind, "auto")
	txo.Transport = m
	s, err := rig.NewSender(rig.SendConfig{
		Setup: txo, Source: source.FD, Paths: []engine.Path{{Host: "127.0.0.1", Port: portOf(r)}}, Observer: hears{log, "tx: ", 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	rxCtx, stop := context.WithCancel(ctx)
	defer stop()
	over, out := make(chan error, 1), make(chan []byte, 1)
	go func() { b, _ := io.ReadAll(sink.Far); out <- b }()
	go func() { _, err := r.Run(rxCtx); over <- err }()
	_, txErr = s.Run(ctx)
	if txErr != nil {
		stop()
	}
	rxErr = <-over
	sink.CloseNear()
	got = <-out
	m.wg.Wait()
	if t.Failed() {
		t.Log(log)
	}
	return got, rxErr, txErr
}

// known is a stream of which every piece can be told.
func known(n int) []byte {
	return []byte(strings.Repeat("nobody but the consumer reads this sentence. ", n))
}

// TestNothingIsHeard: of a stream that goes over sealed links, somebody on the way has nothing, neither its bytes nor its frames.
func TestNothingIsHeard(t *testing.T) {
	m, data := &tap{}, known(20000)
	got, rxErr, txErr := sealedStream(t, m, data, theKey, theKey, rig.Hooks{Timing: steady})
	if rxErr != nil || txErr != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes of %d, %v, %v", len(got), len(data), rxErr, txErr)
	}
	heard := m.heard.Bytes()
	if len(heard) < len(data) {
		t.Fatalf("%d bytes were heard of a stream of %d", len(heard), len(data))
	}
	for _, word := range []string{"nobody", "sentence", "\xf6VMP", "\xf7VMP"} {
		if bytes.Contains(heard, []byte(word)) {
			t.Errorf("%q is heard", word)
		}
	}
}

// TestKeyAtOneEnd: with a key at one end only, or two keys, both ends say so, and nothing of the stream is heard on the way.
func TestKeyAtOneEnd(t *testing.T) {
	for _, c := range []struct {
		name   string
		tx, rx *sealing.Key
	}{{"at the sender", theKey, nil}, {"at the receiver", nil, theKey}, {"another at each", theKey, sealing.NewKey()}} {
		t.Run(c.name, func(t *testing.T) {
			m := &tap{}
			got, _, txErr := sealedStream(t, m, known(1000), c.tx, c.rx, rig.Hooks{Timing: steady})
			if engine.ExitStatus(txErr) != engine.StatusRefused || !strings.Contains(txErr.Error(), "need the same key") {
				t.Errorf("the sender ends with %v", txErr)
			}
			if len(got) > 0 || bytes.Contains(m.heard.Bytes(), []byte("nobody")) {
				t.Error("some of the stream left")
			}
		})
	}
}

// TestDamageOnTheWay: a middleman that changes a byte of any record costs the stream a link, and not a byte. He may do so to each of the
// first links.
func TestDamageOnTheWay(t *testing.T) {
	data := known(6000)
	for i := range small(40, 20) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			var done atomic.Int32
			m := &tap{change: func(link int, forth bool, at int, b []byte) {
				target := firstFlight + i*997%20000
				if !forth {
					target = 1 + i*131%2500
				}
				if forth == (i%3 > 0) && link < 6 && at <= target && target < at+len(b) {
					b[target-at] ^= 1 << (i % 8)
					done.Add(1)
				}
			}}
			got, rxErr, txErr := sealedStream(t, m, data, theKey, theKey, rig.Hooks{Timing: meddled()})
			if rxErr != nil || txErr != nil || !bytes.Equal(got, data) {
				t.Fatalf("%d bytes of %d, %v, %v; %d changes", len(got), len(data), rxErr, txErr, done.Load())
			}
		})
	}
}

// TestHalfOpenHandshakes: thousands of connections that begin a handshake, or pretend to, cost a receiver no memory to speak of, and the
// true sender gets in among them.
func TestHalfOpenHandshakes(t *testing.T) {
	quiet(t)
	sink, err := enginetest.NewSink(enginetest.KindPipe)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	log := &lines{to: io.Discard}
	r, err := rig.NewReceiver(rig.ReceiveConfig{
		Setup: rig.Setup{Options: engine.Options{Key: theKey}, Hooks: rig.Hooks{Timing: steady}}, Sink: sink.FD, Observer: hears{log, "rx: ", 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	over, got := make(chan error, 1), make(chan []byte, 1)
	go func() { b, _ := io.ReadAll(sink.Far); got <- b }()
	go func() { _, err := r.Run(ctx); over <- err }()
	to := fmt.Sprintf("127.0.0.1:%d", portOf(r))
	var flood sync.WaitGroup
	stop := make(chan struct{})
	half := append([]byte("\xf9VMP\x02\x00"), make([]byte, 26)...)
	for range 4 {
		flood.Go(func() {
			var open []net.Conn
			for n := 0; n < 2500; n++ {
				select {
				case <-stop:
					n = 1 << 20
				default:
				}
				c, err := net.DialTimeout("tcp", to, time.Second)
				if err != nil {
					continue
				}
				c.Write(half[:n*7%(len(half)+1)])
				if open = append(open, c); len(open) > 60 {
					open[0].Close()
					open = open[1:]
				}
			}
			for _, c := range open {
				c.Close()
			}
		})
	}
	data := known(20000)
	source, err := enginetest.NewSource(enginetest.KindFile, data)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	s, err := rig.NewSender(rig.SendConfig{
		Setup:  rig.Setup{Options: engine.Options{Threads: 4, Leg: 16 << 10, Key: theKey, Connect: soon}, Hooks: rig.Hooks{Timing: steady}},
		Source: source.FD, Paths: []engine.Path{{Host: "127.0.0.1", Port: portOf(r)}}, Observer: hears{log, "tx: ", 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, txErr := s.Run(ctx)
	close(stop)
	rxErr := <-over
	flood.Wait()
	sink.CloseNear()
	if b := <-got; txErr != nil || rxErr != nil || !bytes.Equal(b, data) {
		t.Errorf("%d bytes of %d, %v, %v\n%s", len(b), len(data), txErr, rxErr, log)
	}
}
