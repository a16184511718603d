package engine_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/schedule"
	sealing "viamillipede/engine/seal"
	"viamillipede/engine/sidechain"
	"viamillipede/engine/wire"
)

// Every golden message is read by the page alone, and written again to the same bytes.
func TestSpecGolden(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("wire", "testdata", "*.golden"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d golden files: %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		b, err := specGolden(name)
		if err != nil {
			t.Fatal(err)
		}
		var again []byte
		switch {
		case strings.HasPrefix(name, "hello"):
			h, bad := specParseHello(b)
			again, err = h.bytes(), bad
		case strings.HasPrefix(name, "call"):
			c, bad := specParseCall(b)
			again, err = c.bytes(), bad
		case strings.HasPrefix(name, "welcome"):
			w, bad := specParseWelcome(b)
			again, err = w.bytes(), bad
		case strings.HasPrefix(name, "leg"): // the header alone: what follows is the stream's
			again = slices.Clone(b)
			if len(b) != 32 {
				_, err = specRead(bytes.NewReader(b))
			}
		default:
			f, bad := specRead(bytes.NewReader(b))
			again, err = f.bytes(), bad
		}
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s: %v; written again\n% x\nwant\n% x", name, err, again, b)
		}
	}
}

// A sender made from the page, with legs in any order, on three links of which one is lost in the middle of a copy, is understood.
func TestSpecSender(t *testing.T) {
	for i := range 5 {
		checked, key, coded := i%2 > 0, []*sealing.Key{nil, theKey, nil}[i/2], i == 4
		t.Run(fmt.Sprintf("checksums %v, sealed %v, coded %v", checked, key != nil, coded), func(t *testing.T) {
			const leg = 50000
			data := content(5, 14*leg+1)
			sink, err := enginetest.NewSink(enginetest.KindPipe)
			if err != nil {
				t.Fatal(err)
			}
			defer sink.Close()
			log := &lines{to: io.Discard}
			r, err := rig.NewReceiver(rig.ReceiveConfig{
				Setup: rig.Setup{Options: engine.Options{Key: key}, Hooks: rig.Hooks{Timing: steady}}, Sink: sink.FD, Observer: hears{log, "rx: ", 2},
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			over, got := make(chan error, 1), make(chan []byte, 1)
			go func() { b, _ := io.ReadAll(sink.Far); got <- b }()
			go func() { _, err := r.Run(ctx); over <- err }()
			if err := specSend(portOf(r), data, leg, checked, coded, key); err != nil {
				t.Errorf("%v\n%s", err, log)
			}
			if err := <-over; err != nil {
				t.Errorf("%v\n%s", err, log)
			}
			sink.CloseNear()
			if b := <-got; !bytes.Equal(b, data) {
				t.Errorf("%d bytes came out, %d went in", len(b), len(data))
			}
		})
	}
}

func specSend(to uint16, data []byte, leg int, checked, coded bool, key *sealing.Key) error {
	line := ""
	if key != nil {
		line = string(key.Text())
	}
	h := specHello{version: 2, stream: [16]byte{9, 8, 7}, most: uint32(leg), links: 3, size: uint64(len(data))}
	if checked {
		h.features = 1
	}
	if coded {
		h.features, h.chain = 16, 3 // gzip
	}
	links := make([]net.Conn, 3)
	for i := range links {
		h.link = uint32(i)
		c, w, err := specDial(to, h, line)
		if err != nil {
			return err
		}
		if w.features != h.features || w.credit < 16 || w.most < uint32(leg) || w.delivered != 0 {
			return fmt.Errorf("%w: %+v", errSpec, w)
		}
		links[i] = c
		defer func() { links[i].Close() }()
	}
	legs := (len(data) + leg - 1) / leg
	frame := func(n int, resent bool) []byte {
		if coded && n%3 > 0 { // the others go as they are
			return specCodedFrame(n, n*leg, data[n*leg:min(len(data), (n+1)*leg)], resent)
		}
		return specLegFrame(n, n*leg, data[n*leg:min(len(data), (n+1)*leg)], checked, resent)
	}
	order := rand.New(rand.NewPCG(1, 1)).Perm(legs)
	for i, n := range order[:legs-1] { // all but one
		if _, err := links[i%3].Write(frame(n, false)); err != nil {
			return err
		}
	}
	links[2].Write(frame(0, true)[:1000])
	links[2].Close()
	h.link, h.generation, h.flags = 2, 1, 1 // RESUME: some legs were taken, perhaps
	c, _, err := specDial(to, h, line)
	if err != nil {
		return err
	}
	links[2] = c
	for n := range legs { // all of them again: which were lost with the link is not known here
		if _, err := links[n%3].Write(frame(n, true)); err != nil {
			return err
		}
	}
	links[1].Write(specFrame{kind: specEnd, a: uint64(legs), b: uint64(len(data))}.bytes())
	for {
		f, err := specRead(links[1])
		if err != nil {
			return err
		}
		if f.kind == specDone {
			if f.a != uint64(legs) || f.b != uint64(len(data)) {
				return fmt.Errorf("%w: DONE %+v", errSpec, f)
			}
			break
		}
	}
	for _, c := range links {
		c.Write(specFrame{kind: specBye, flags: 1}.bytes())
	}
	return nil
}

// A receiver made from the page, which loses links again and again, gets all of the stream.
func TestSpecReceiver(t *testing.T) {
	for i := range 3 {
		checked, coded := i == 1, i == 2
		t.Run(fmt.Sprintf("checksums %v, coded %v", checked, coded), func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			data := content(6, 700001)
			options := engine.Options{Threads: 3, Leg: 32 << 10, Checksum: checked}
			if coded {
				options.Chain = sidechain.Chain{Steps: []sidechain.Step{{Codec: sidechain.Gzip, Level: 1}}}
				for b := data[300000:]; len(b) > 100; b = b[100:] {
					copy(b[:50], b[50:]) // some of it becomes shorter
				}
			}
			source, err := enginetest.NewSource(enginetest.KindFile, data)
			if err != nil {
				t.Fatal(err)
			}
			defer source.Close()
			log := &lines{to: io.Discard}
			path := engine.Path{Host: "127.0.0.1", Port: uint16(l.Addr().(*net.TCPAddr).Port)}
			s, err := rig.NewSender(rig.SendConfig{
				Setup: rig.Setup{Options: options, Hooks: rig.Hooks{Timing: steady}},
				Paths: []engine.Path{path}, Source: source.FD, Observer: hears{log, "tx: ", 2},
			})
			if err != nil {
				t.Fatal(err)
			}
			p := &specReceiver{rng: rand.New(rand.NewPCG(2, 2)), got: make(map[uint64][]byte), raw: make(map[uint64][]byte)}
			p.links.Go(func() { p.serve(l) })
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			if _, err := s.Run(ctx); err != nil {
				t.Errorf("%v\n%s", err, log)
			}
			l.Close()
			p.links.Wait()
			if p.bad != nil {
				t.Error(p.bad)
			}
			if b := p.stream(); !bytes.Equal(b, data) {
				t.Errorf("%d bytes came, %d went in", len(b), len(data))
			}
			if whole, some := p.members(); coded && (len(whole) == 0 || !bytes.Equal(unzip(t, whole), some)) {
				t.Errorf("the coded legs, one after the other, are %d bytes and no file of gzip", len(whole))
			}
		})
	}
}

type specReceiver struct {
	links sync.WaitGroup

	mu  sync.Mutex
	rng *rand.Rand // guarded by mu, as is all below
	got map[uint64][]byte
	raw map[uint64][]byte // of coded legs: what they stand for
	end specFrame         // kind 0: not known
	bad error
}

func (p *specReceiver) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		p.links.Go(func() {
			defer c.Close()
			if err := p.talk(c); errors.Is(err, errSpec) {
				p.mu.Lock()
				p.bad = err
				p.mu.Unlock()
			}
		})
	}
}

func (p *specReceiver) talk(c net.Conn) error {
	c.SetDeadline(time.Now().Add(soon))
	b := make([]byte, 64)
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	h, err := specParseHello(b)
	if err != nil {
		return err
	}
	p.mu.Lock()
	w := specWelcome{version: 2, features: h.features & 17, most: 65536, stream: h.stream, credit: 32, receiver: 99, delivered: p.below()}
	if h.flags&1 == 0 {
		w.delivered = 0 // the first link: nothing was sent
	}
	p.mu.Unlock()
	if _, err := c.Write(w.bytes()); err != nil {
		return err
	}
	for {
		f, err := specRead(c)
		if err != nil {
			return err
		}
		if answer := p.take(f, w.features); answer != nil {
			if _, err := c.Write(answer); err != nil {
				return err
			}
			continue
		}
		return nil
	}
}

// take handles a frame and returns the answer; nil ends the link.
func (p *specReceiver) take(f specFrame, features uint32) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch f.kind {
	case specLeg:
		if p.rng.IntN(20) == 0 {
			return nil // the link is lost, and the leg with it
		}
		if features&1 > 0 && f.flags&1 == 0 {
			p.bad = fmt.Errorf("%w: leg %d has no checksum", errSpec, f.a)
		}
		if p.got[f.a] == nil {
			p.got[f.a] = f.payload
		}
	case specCoded:
		if p.rng.IntN(20) == 0 {
			return nil
		}
		b, err := specUnzip(f.payload[4:])
		if err != nil || len(b) != int(f.c) || specSum(b) != binary.LittleEndian.Uint32(f.payload) || f.flags>>2 != 1 || features&16 == 0 {
			p.bad = fmt.Errorf("%w: coded leg %d: %v", errSpec, f.a, err)
		}
		p.got[f.a], p.raw[f.a] = f.payload[4:], b
	case specEnd:
		p.end = f
	case specBye, specError:
		return nil
	}
	n := p.below()
	var beyond []uint64
	for leg := range p.got {
		if leg > n {
			beyond = append(beyond, leg)
		}
	}
	slices.Sort(beyond)
	answer := specAckFrame(n, beyond)
	if p.end.kind == specEnd && n == p.end.a {
		answer = append(answer, specFrame{kind: specDone, a: p.end.a, b: p.end.b}.bytes()...)
	}
	return answer
}

// below is how many legs are received without a gap; under mu.
func (p *specReceiver) below() (n uint64) {
	for p.got[n] != nil {
		n++
	}
	return n
}

func (p *specReceiver) stream() (b []byte) {
	for n := range p.below() {
		if raw, coded := p.raw[n]; coded {
			b = append(b, raw...)
			continue
		}
		b = append(b, p.got[n]...)
	}
	return b
}

// members are the payloads of the coded legs, one after the other, and what they stand for.
func (p *specReceiver) members() (whole, raw []byte) {
	for n := range p.below() {
		if b, coded := p.raw[n]; coded {
			whole, raw = append(whole, p.got[n]...), append(raw, b...)
		}
	}
	return whole, raw
}

func specUnzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// unzip reads a file of gzip, of any number of members.
func unzip(t *testing.T, b []byte) []byte {
	t.Helper()
	raw, err := specUnzip(b)
	if err != nil {
		t.Error(err)
	}
	return raw
}

// The page's table of times and bounds has the program's values.
func TestSpecTimes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("wire", "SPEC.md"))
	if err != nil {
		t.Fatal(err)
	}
	at := schedule.Default()
	for row, want := range map[string]string{
		"hello": seconds(at.Hello), "welcome": seconds(at.Dial), "first leg": seconds(at.Yield), "beat": seconds(at.Beat), "dead link": seconds(at.Dead),
		"dead peer": seconds(at.DeadPeer), "confirm": seconds(at.Confirm), "linger": seconds(at.Linger),
		"farewell": seconds(at.Farewell), "giveup": fmt.Sprintf("%.0f h", engine.DefaultGiveup.Hours()),
		"links": fmt.Sprint(engine.MaxThreads), "legs": fmt.Sprintf("%d MiB", engine.MaxLeg>>20),
		"ACK": fmt.Sprint(wire.MaxBitmap * 8), "ERROR": fmt.Sprint(wire.MaxText), "credit": fmt.Sprint(1 << 16),
	} {
		if !strings.Contains(string(text), fmt.Sprintf("\n| %s | %s |", row, want)) {
			t.Errorf("SPEC.md does not say %q of %q", want, row)
		}
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }
