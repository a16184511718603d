package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"sync"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/prbs"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// A spoiler stands between a sender and a receiver and damages the payload of one or two legs, at every copy of them; TCP's
// sums are right again behind it, and the legs have no checksum. It holds the first of its two legs back until it has the other
// one, and then lets both go on the link that brought the second.
type spoiler struct {
	to    string            // where the receiver listens
	first uint64            // the earlier of the two legs
	spoil func(a, b []byte) // changes their payloads, of the same length

	mu   sync.Mutex
	held [2][]byte // frames of the two legs; guarded by mu
	legs sync.WaitGroup
}

// serve takes links until the listener is closed.
func (s *spoiler) serve(l net.Listener) {
	for {
		near, err := l.Accept()
		if err != nil {
			s.legs.Wait()
			return
		}
		far, err := net.Dial("tcp", s.to)
		if err != nil {
			near.Close()
			continue
		}
		s.legs.Go(func() {
			defer near.Close()
			defer far.Close()
			io.Copy(struct{ io.Writer }{near}, far) // not by splice, whose pipes Go keeps for a while
		})
		s.legs.Go(func() {
			defer far.(*net.TCPConn).CloseWrite()
			s.relay(struct{ io.Writer }{far}, near)
		})
	}
}

// relay passes what a sender says, frame by frame.
func (s *spoiler) relay(to io.Writer, from io.Reader) error {
	if _, err := io.CopyN(to, from, wire.HelloLen); err != nil {
		return err
	}
	for {
		frame := make([]byte, wire.HeaderLen)
		if _, err := io.ReadFull(from, frame); err != nil {
			return err
		}
		h, err := wire.ParseHeader(frame)
		if err != nil {
			return err
		}
		frame = append(frame, make([]byte, h.Length)...)
		if _, err := io.ReadFull(from, frame[wire.HeaderLen:]); err != nil {
			return err
		}
		if h.Type == wire.TypeLeg && h.A-s.first < 2 {
			frame = s.change(int(h.A-s.first), frame)
		}
		if _, err := to.Write(frame); err != nil {
			return err
		}
	}
}

// change gives both legs once both are there, and before that nothing.
func (s *spoiler) change(which int, frame []byte) (frames []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[which] = frame
	if s.held[0] == nil || s.held[1] == nil {
		return nil
	}
	a, b := bytes.Clone(s.held[0]), bytes.Clone(s.held[1])
	s.spoil(a[wire.HeaderLen:], b[wire.HeaderLen:])
	return append(a, b...)
}

// Every kind of damage on the way is found by the receiver, named at both ends, and ends them with the status for it. What is
// written before is a beginning of the stream, and does not reach the leg that is damaged.
func TestDamageIsNamed(t *testing.T) {
	const leg, first = 4096, 5
	for _, c := range []struct {
		name  string
		spoil func(a, b []byte)
		says  string // of legs 5 and 6, at bytes 20480 and 24576; N is a small number, for bytes that are right by chance
	}{
		{"a flipped bit", func(a, b []byte) { a[1000] ^= 1 << 5 },
			`damaged at byte 21480, byte 1000 of leg 5: bit 5 is flipped, .. came in place of ..`},
		{"the last bit of the other", func(a, b []byte) { b[leg-1] ^= 1 << 7 },
			`damaged at byte 28671, byte 4095 of leg 6: bit 7 is flipped, .. came in place of ..`},
		{"a few bits", func(a, b []byte) { a[40] ^= 3; a[90] ^= 128 },
			`damaged at byte 20520, byte 40 of leg 5: 3 bits are flipped within 51 bytes, the first is bit 0, .. came in place of ..`},
		{"two legs swapped", func(a, b []byte) { x := bytes.Clone(a); copy(a, b); copy(b, x) },
			`damaged at byte 2048N, byte N of leg 5: 409N bytes came that belong at byte 2457N in leg 6: legs 5 and 6 are swapped`},
		{"a leg repeated", func(a, b []byte) { copy(b, a) },
			`damaged at byte 2457N, byte N of leg 6: 409N bytes came that belong at byte 2048N in leg 5 and came there too: leg 5 is repeated in place of leg 6`},
		{"a leg lost", func(a, b []byte) { copy(a, b) },
			`damaged at byte 2048N, byte N of leg 5: 409N bytes came that belong at byte 2457N in leg 6 and came there too: leg 5 is missing, leg 6 is in its place`},
		{"10 bytes lost in a leg", func(a, b []byte) { copy(a[100:], a[110:]); copy(a[leg-10:], b) },
			`damaged at byte 2058N, byte 10N of leg 5: 39\d\d bytes came that belong at byte 2059N in leg 5: bytes are lost or repeated within the leg`},
		{"what never comes", func(a, b []byte) { prbs.New(0xd00f).Fill(a, 1<<20) }, // 40 legs end before that
			`damaged at byte 2048N, byte N of leg 5: 409N bytes came that belong at byte 104857N, those in between are missing`},
		{"zeroes", func(a, b []byte) { clear(a[512:1024]) },
			`damaged at byte 2099N, byte 51N of leg 5: 51N zeroes came`},
		{"another stream", func(a, b []byte) { prbs.New(3).Fill(b, (first+1)*leg) },
			`damaged at byte 2457N, byte N of leg 6: what came is the stream of prbs 0x3`},
		{"noise", func(a, b []byte) { copy(a, content(9, leg)) },
			`damaged at byte 2048N, byte N of leg 5: \d+ bits are wrong within 409N bytes, which belong nowhere in the stream`},
	} {
		for _, threads := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s, %d links", c.name, threads), func(t *testing.T) {
				t.Parallel()
				quiet(t)
				says := regexp.MustCompile(`^the test stream is ` + regexp.MustCompile(`N`).ReplaceAllString(c.says, `\d`) + `(: is .*)?$`)
				o := rig.Setup{
					Options: engine.Options{PRBS: true, Seed: 0xd00f, LegLimit: 40, Leg: leg, Threads: threads},
					Hooks:   rig.Hooks{Timing: steady},
				}
				got, rx, tx := throughSpoiler(t, o, &spoiler{first: first, spoil: c.spoil})
				for _, end := range []struct {
					err error
					add string
				}{{rx, ""}, {tx, "the receiver failed: "}} {
					if engine.ExitStatus(end.err) != engine.StatusIntegrity {
						t.Fatalf("status %d: %v", engine.ExitStatus(end.err), end.err)
					}
					if text, ok := bytes.CutPrefix([]byte(end.err.Error()), []byte(end.add)); !ok || !says.Match(text) {
						t.Errorf("%v\nwant %v", end.err, says)
					}
				}
				if n := prbs.New(o.Seed).Match(got, 0); n < len(got) || n > (first+1)*leg || n%leg != 0 {
					t.Errorf("%d bytes came out, of which %d are right", len(got), n)
				}
			})
		}
	}
}

// throughSpoiler sends a test stream through loopback and the spoiler, and gives what came out and how the ends ended.
func throughSpoiler(t *testing.T, o rig.Setup, s *spoiler) (got []byte, rxErr, txErr error) {
	t.Helper()
	sink, err := enginetest.NewSink(enginetest.KindFile)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	r, err := rig.NewReceiver(rig.ReceiveConfig{Setup: o, Sink: sink.FD})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.to = fmt.Sprintf("127.0.0.1:%d", portOf(r))
	path := engine.Path{Host: "127.0.0.1", Port: uint16(l.Addr().(*net.TCPAddr).Port)}
	tx, err := rig.NewSender(rig.SendConfig{Setup: o, Paths: []engine.Path{path}, Source: -1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	var ends, between sync.WaitGroup
	between.Go(func() { s.serve(l) })
	ends.Go(func() { _, rxErr = r.Run(ctx) })
	ends.Go(func() { _, txErr = tx.Run(ctx) })
	ends.Wait()
	err = l.Close()
	between.Wait()
	got, failed := sink.Content()
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	return got, rxErr, txErr
}

// A test stream comes through whole whatever is done to its links, with checksums and without, and ends where it should.
func TestTestStream(t *testing.T) {
	for _, o := range []rig.Setup{
		{Options: engine.Options{Seed: 1, LegLimit: 1}},
		{Options: engine.Options{Seed: 2, LegLimit: 200, Checksum: true}},
		{Options: engine.Options{Seed: 3, LegLimit: 200, Chaos: 3}},
		{Options: engine.Options{Seed: 4, LegLimit: 100, CPUs: unpinned(2)}},
		{Options: engine.Options{Seed: 5, LegLimit: 30, Delay: 300 * time.Microsecond, CPUs: unpinned(2)}},
		{Options: engine.Options{Seed: 6, LegLimit: 60, Limit: 1 << 20, CPUs: unpinned(2)}},
	} {
		t.Run(fmt.Sprint(o.Seed), func(t *testing.T) {
			quiet(t)
			o.PRBS, o.Leg, o.Threads, o.Timing = true, 16<<10, 4, patient()
			sink, err := enginetest.NewSink(enginetest.KindPipe)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			got, rx, tx := throughTCP(t, enginetest.NoSource(), sink, nil, o)
			if n := prbs.New(o.Seed).Match(got, 0); n < len(got) || rx.Bytes != uint64(n) || tx.Bytes != rx.Bytes {
				t.Errorf("%d bytes came out, of which %d are right; %d were sent", len(got), n, tx.Bytes)
			}
			if most := o.LegLimit * int64(o.Leg); int64(len(got)) > most || int64(len(got)) < most/4 {
				t.Errorf("%d bytes in %d legs of %d", len(got), o.LegLimit, o.Leg)
			}
			if took, least := time.Since(begun), time.Duration(o.LegLimit-1)*o.Delay; took < least {
				t.Errorf("%d legs with a pause of %v between them took %v", o.LegLimit, o.Delay, took)
			}
			if took, credit := time.Since(begun).Seconds(), 0.3; o.Limit > 0 && float64(len(got)-o.Leg) > (took+credit)*float64(o.Limit) {
				t.Errorf("%d bytes at %d a second took %.3f s", len(got), o.Limit, took)
			}
		})
	}
}

// leglimit ends a stream from elsewhere too: behind so many legs, and not before.
func TestLegLimit(t *testing.T) {
	const leg = 4096
	for _, limit := range []int64{1, 7, 1000} {
		quiet(t)
		data := content(uint64(limit), 20*leg)
		got, _ := overTCP(t, data, rig.Setup{
			Options: engine.Options{Threads: 2, Leg: leg, LegLimit: limit},
			Hooks:   rig.Hooks{Timing: steady},
		})
		if want := data[:min(int(limit)*leg, len(data))]; !bytes.Equal(got, want) {
			t.Errorf("limit %d: %d bytes came out, want %d", limit, len(got), len(want))
		}
	}
}
