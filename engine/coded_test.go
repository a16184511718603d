package engine_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/sidechain"
	"viamillipede/engine/wire"
)

// widens is a program that makes so many bytes of each, and narrows is what undoes it.
type widens struct {
	by    int
	runs  *atomic.Int64
	ended *atomic.Bool
}

type narrows struct{ by int }

func (w widens) Run(dst, src []byte) (int, error) {
	if w.runs != nil {
		w.runs.Add(1)
	}
	if w.by*len(src) > len(dst) {
		return 0, sidechain.ErrRoom
	}
	for i, b := range src {
		for j := range w.by {
			dst[w.by*i+j] = b ^ byte(j)
		}
	}
	return w.by * len(src), nil
}

func (n narrows) Run(dst, src []byte) (int, error) {
	for i := 0; i < len(src); i += n.by {
		dst[i/n.by] = src[i]
	}
	return len(src) / n.by, nil
}

func (widens) Spent() time.Duration { return 0 }
func (w widens) End() {
	if w.ended != nil {
		w.ended.Store(true)
	}
}
func (narrows) Spent() time.Duration { return 0 }
func (narrows) End()                 {}

// command is a step of both ends that makes each byte so many.
func command(by int) (tx, rx sidechain.Step) {
	tx = sidechain.Step{Codec: sidechain.Command, Text: "there", Program: widens{by: by}}
	rx = sidechain.Step{Codec: sidechain.Command, Text: "back", Program: narrows{by}}
	return tx, rx
}

// drawChain is a chain of a seed, at both ends.
func drawChain(r *rand.Rand) (tx, rx sidechain.Chain) {
	if r.IntN(4) == 0 {
		return sidechain.AutoChain(), rx
	}
	for range 1 + r.IntN(3) {
		there, back := command(1 + r.IntN(2)) // three of which make 8 bytes of each at most
		switch r.IntN(4) {
		case 0:
			tx.Steps = append(tx.Steps, sidechain.Step{Codec: sidechain.Zstd})
		case 1:
			tx.Steps = append(tx.Steps, sidechain.Step{Codec: sidechain.S2})
		case 2:
			tx.Steps = append(tx.Steps, sidechain.Step{Codec: sidechain.Gzip, Level: 1})
		case 3:
			tx.Steps, rx.Steps = append(tx.Steps, there), append(rx.Steps, back)
		}
	}
	return tx, rx
}

// loosen makes some of a stream's bytes repeat, so that they become shorter.
func loosen(data []byte, r *rand.Rand) {
	for at := 0; at < len(data); {
		n := min(len(data)-at, 1+r.IntN(200<<10))
		if piece := data[at : at+n]; r.IntN(2) == 0 && n > 64 {
			for done := 64; done < n; done *= 2 {
				copy(piece[done:], piece[:done])
			}
		}
		at += n
	}
}

// coded is a stream of so many bytes through a chain, over a network that does not fail.
func coded(seed uint64, length int, tx, rx sidechain.Chain) *pipe {
	s := &scenario{
		seed: seed, length: length, txLoops: 2, rxLoops: 2, rxLeg: 64 << 10, paths: 1, txChain: tx, rxChain: rx,
		options: rig.Setup{Options: engine.Options{Threads: 3, Leg: 64 << 10, Window: engine.MinWindow}, Hooks: rig.Hooks{Timing: steady}},
		source:  enginetest.KindPipe, sink: enginetest.KindPipe,
	}
	data := content(seed, length)
	loosen(data, rand.New(rand.NewPCG(seed, 4)))
	return &pipe{sc: s, data: data, log: &lines{to: io.Discard}, network: enginetest.NewNet(seed, s.faults)}
}

// What goes through a chain comes out as it was, whatever its length, and the summary says what became of it.
func TestCodedStreams(t *testing.T) {
	quiet(t)
	step := func(c sidechain.Codec) sidechain.Step { return sidechain.Step{Codec: c} }
	wide, narrow := command(2)
	widest, narrowest := command(16)
	for _, c := range []struct {
		name   string
		tx, rx []sidechain.Step
	}{
		{"zstd", []sidechain.Step{step(sidechain.Zstd)}, nil},
		{"s2, gzip", []sidechain.Step{step(sidechain.S2), step(sidechain.Gzip)}, nil},
		{"zstd, a command that doubles", []sidechain.Step{step(sidechain.Zstd), wide}, []sidechain.Step{narrow}},
		{"a command that makes 16 bytes of each", []sidechain.Step{widest}, []sidechain.Step{narrowest}},
		{"it twice and again shorter", []sidechain.Step{wide, wide, step(sidechain.Zstd)}, []sidechain.Step{narrow, narrow}},
	} {
		for _, length := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 3<<20 + 7} {
			p := coded(uint64(length), length, sidechain.Chain{Steps: c.tx}, sidechain.Chain{Steps: c.rx})
			if err := p.run(); err != nil {
				t.Errorf("%s, %d bytes: %v\n%s", c.name, length, err, p.log)
			}
			p.network.Close()
			if s := p.tx.Coding; s == nil || s.Raw != uint64(length) || length > 0 && (s.Legs == 0 || s.Coded == 0) {
				t.Errorf("%s, %d bytes: %+v", c.name, length, s)
			}
			if s := p.rx.Coding; s != nil && p.tx.Coding != nil && s.Legs != p.tx.Coding.Legs-p.tx.Coding.Plain {
				t.Errorf("%s, %d bytes: %+v there, %+v here", c.name, length, p.tx.Coding, s)
			}
		}
	}
}

// A test stream is checked after it was decoded.
func TestCodedTestStream(t *testing.T) {
	quiet(t)
	p := coded(1, 0, sidechain.AutoChain(), sidechain.Chain{})
	defer p.network.Close()
	p.sc.options.PRBS, p.sc.options.Seed, p.sc.options.LegLimit, p.sc.options.Checksum = true, 7, 40, true
	p.sc.source = enginetest.KindFile
	var err error
	if p.source, err = enginetest.NewSource(enginetest.KindFile, nil); err != nil {
		t.Fatal(err)
	}
	if p.sink, err = enginetest.NewSink(enginetest.KindPipe); err != nil {
		t.Fatal(err)
	}
	r, s, err := p.ends()
	if err != nil {
		t.Fatal(err)
	}
	defer p.source.Close()
	defer p.sink.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { _, _ = drain(p.sink.Far, false, rand.New(rand.NewPCG(1, 1))) })
	all.Go(func() {
		if _, err := r.Run(ctx); err != nil {
			t.Errorf("receiver: %v\n%s", err, p.log)
		}
		p.sink.CloseNear()
	})
	if sum, err := s.Run(ctx); err != nil || sum.Coding == nil || sum.Coding.Raw != sum.Bytes {
		t.Errorf("sender: %v, %+v\n%s", err, sum, p.log)
	}
	all.Wait()
}

// A leg is coded once, however often it is sent.
func TestCodedOnce(t *testing.T) {
	var runs atomic.Int64
	data := content(3, 60<<10)
	chain := sidechain.Chain{Steps: []sidechain.Step{{Codec: sidechain.Command, Program: widens{1, &runs, nil}}}}
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: 64 << 10, Chain: chain}}, data, nil)
	pieces := map[uint64][]byte{}
	take := func(h *hand) {
		h.until(func(f wire.Header, payload []byte) bool {
			if f.Type != wire.TypeCoded {
				return false
			}
			l := f.Leg()
			if was := pieces[l.Offset]; was != nil && !bytes.Equal(was, payload) {
				t.Errorf("the bytes of leg %d are others than before", l.Number)
			}
			pieces[l.Offset] = payload
			return l.Offset+uint64(l.Length) == uint64(len(data))
		})
	}
	for range 3 {
		h := tx.accept(100)
		take(h)
		h.c.Close()
	}
	h := tx.accept(100)
	take(h)
	if n := runs.Load(); n != int64(len(pieces)) {
		t.Errorf("%d pieces were coded %d times", len(pieces), n)
	}
	h.send(wire.Ack{Received: uint64(len(pieces)), Delivered: uint64(len(pieces))}.Append(nil))
	end := h.untilType(wire.TypeEnd).End()
	if end.Bytes != uint64(len(data)) || end.Legs != uint64(len(pieces)) {
		t.Errorf("END says %+v, %d pieces came", end, len(pieces))
	}
	h.send(wire.Done{Legs: end.Legs, Bytes: end.Bytes}.Append(nil))
	tx.wants(engine.StatusDone)
}

// Ends whose chains differ refuse each other before a byte is sent, and name both.
func TestCodedDiffers(t *testing.T) {
	there, back := command(1)
	zstd := sidechain.Step{Codec: sidechain.Zstd}
	for _, c := range []struct {
		name   string
		tx, rx []sidechain.Step
		says   string
	}{
		{"the receiver has no word", []sidechain.Step{zstd, there}, nil, "zstd, a command here, none there"},
		{"it has another", []sidechain.Step{there}, []sidechain.Step{back, back}, "a command here, a command, a command there"},
		{"the sender has none", nil, []sidechain.Step{back}, "none here, one of its own there"},
	} {
		rx := receive(t, rig.Setup{Options: engine.Options{Chain: sidechain.Chain{Steps: c.rx}}}, enginetest.KindPipe, nil)
		source, err := enginetest.NewSource(enginetest.KindFile, content(1, 1000))
		if err != nil {
			t.Fatal(err)
		}
		s, err := rig.NewSender(rig.SendConfig{
			Setup: rig.Setup{
				Options: engine.Options{Threads: 2, Chain: sidechain.Chain{Steps: c.tx}}, Hooks: rig.Hooks{Timing: steady, Transport: rx.network},
			},
			Paths: []engine.Path{{Host: "a", Port: port}}, Source: source.FD,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		sum, err := s.Run(ctx)
		cancel()
		if engine.ExitStatus(err) != engine.StatusRefused || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
		if sum.Bytes != 0 {
			t.Errorf("%s: %d bytes were read", c.name, sum.Bytes)
		}
		rx.until("it names both chains", func() bool { return strings.Contains(rx.log.String(), "the ends have different sidechains: ") })
		source.Close()
		rx.cancel()
		rx.wait()
	}
}

// A receiver from before there were chains takes the hello for none: there is no use in asking it again.
func TestCodedForTheOld(t *testing.T) {
	for name, change := range map[string]func(*wire.Welcome){
		"it finds the hello malformed": func(w *wire.Welcome) { w.Verdict, w.Features = wire.VerdictMalformed, 0 },
		"it does not grant":            func(w *wire.Welcome) { w.Features = 0 },
	} {
		o := rig.Setup{Options: engine.Options{Threads: 1, Chain: sidechain.AutoChain()}}
		tx := send(t, o, content(1, 1000), nil)
		tx.serve(func(c net.Conn) { welcomes(c, change) })
		if got := tx.wants(engine.StatusRefused); !strings.Contains(got.err.Error(), "cannot undo a sidechain") {
			t.Errorf("%s: %v", name, got.err)
		}
	}
}

// What does not become what its header says ends the stream, and the leg is named.
func TestCodedDamage(t *testing.T) {
	whole := content(1, 60<<10)
	loosen(whole, rand.New(rand.NewPCG(1, 1)))
	clear(whole[1000:])
	k := sidechain.NewCoder(sidechain.Chain{Steps: []sidechain.Step{{Codec: sidechain.Zstd}}}, 64<<10, nil)
	defer k.Close()
	packed, _, err := k.Encode(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		length int
		sum    uint32
		body   []byte
		says   string
	}{
		{"a bomb", 100, wire.Checksum(whole[:100]), packed, "longer than it may"},
		{"too short", len(whole) + 1, wire.Checksum(whole), packed, "announced"},
		{"other bytes", len(whole), wire.Checksum(whole) + 1, packed, "checksum"},
		{"no zstd", len(whole), wire.Checksum(whole), whole[:100], "zstd"},
		{"cut short", len(whole), wire.Checksum(whole), packed[:len(packed)/2], "zstd"},
	} {
		rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
		h := rx.link(0, func(h *wire.Hello) { h.Features, h.Chain = wire.FeatureSidechain, 1 })
		payload := make([]byte, wire.CodedSum, wire.CodedSum+len(c.body))
		wire.PutSum(payload, c.sum)
		payload = append(payload, c.body...)
		h.send(wire.Leg{Length: uint32(c.length), Form: wire.Coded, Payload: uint32(len(payload)), Steps: 1}.Append(nil), payload)
		f, text := h.fault()
		if f.A != uint64(engine.StatusIntegrity) {
			t.Errorf("%s: the sender is told status %d", c.name, f.A)
		}
		if !strings.Contains(text, "leg 0") {
			t.Errorf("%s: the sender is told %q", c.name, text)
		}
		h.c.Close()
		if got := rx.wants(engine.StatusIntegrity); !strings.Contains(got.err.Error(), c.says) || !strings.Contains(got.err.Error(), "leg 0") {
			t.Errorf("%s: %v, want %q", c.name, got.err, c.says)
		}
	}
}

// A coded leg that nobody has granted, or of a step that there is not, is no leg.
func TestCodedNotGranted(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	h := rx.link(0)
	h.send(wire.Leg{Length: 10, Form: wire.Coded, Payload: 20, Steps: 1}.Append(nil), make([]byte, 20))
	h.untilBye(wire.ByeBroken)
	rx.cancel()
	rx.wait()
}

// A decoder that is slow is to the sender what a slow consumer is: what came is acknowledged, and more than the credit does not come.
func TestCodedSlowDecoder(t *testing.T) {
	let := make(chan struct{})
	slow := sidechain.Chain{Steps: []sidechain.Step{{Codec: sidechain.Command, Program: waits{narrows{1}, let}}}}
	rx := receive(t, rig.Setup{Options: engine.Options{Chain: slow, Window: engine.MinWindow, Leg: 64 << 10}}, enginetest.KindPipe, nil)
	s := newStream(20, 1000)
	h := rx.link(0, func(h *wire.Hello) { h.Features, h.Chain = wire.FeatureSidechain, uint32(sidechain.Command) })
	frame := func(n int) []byte {
		payload := make([]byte, wire.CodedSum, wire.CodedSum+s.leg)
		raw := s.data[n*s.leg : (n+1)*s.leg]
		wire.PutSum(payload, wire.Checksum(raw))
		l := wire.Leg{Number: uint64(n), Offset: uint64(n * s.leg), Length: uint32(s.leg), Form: wire.Coded, Payload: uint32(wire.CodedSum + s.leg), Steps: 1}
		return append(l.Append(nil), append(payload, raw...)...)
	}
	credit := int(h.welcome.Credit)
	for n := credit - 1; n >= 0; n-- { // the head comes last
		h.send(frame(n))
	}
	f := h.until(func(f wire.Header, _ []byte) bool { return f.Type == wire.TypeAck && f.A >= uint64(credit) })
	if f.B != 0 {
		t.Errorf("%d legs are delivered, none is decoded", f.B)
	}
	close(let)
	h.until(func(f wire.Header, _ []byte) bool { return f.Type == wire.TypeAck && f.B >= uint64(credit) })
	if got := rx.read(credit * s.leg); !bytes.Equal(got, s.data[:credit*s.leg]) {
		t.Error("other bytes came out")
	}
	h.send(wire.End{Legs: uint64(credit), Bytes: uint64(credit * s.leg)}.Append(nil))
	h.untilType(wire.TypeDone)
	h.send(wire.Bye{Stream: true}.Append(nil))
	rx.wants(engine.StatusDone)
}

// waits is a program that does nothing until it is let.
type waits struct {
	sidechain.Program
	let chan struct{}
}

func (w waits) Run(dst, src []byte) (int, error) {
	<-w.let
	return w.Program.Run(dst, src)
}

// A program that fails ends the stream, and is ended with it.
func TestCodedProgramFails(t *testing.T) {
	there, _ := command(1)
	var ended atomic.Bool
	bad := sidechain.Chain{Steps: []sidechain.Step{{Codec: sidechain.Command, Program: fails{ended: &ended}}}}
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Chain: bad}}, content(1, 1000), nil)
	tx.accept(100)
	if got := tx.wants(engine.StatusLocalPipe); !strings.Contains(got.err.Error(), "cannot code leg 0, the bytes from 0 to 1000") ||
		!strings.Contains(got.err.Error(), "no luck") {
		t.Error(got.err)
	}
	if !ended.Swap(false) {
		t.Error("the sender's program goes on")
	}
	quiet(t)
	p := coded(1, 1<<20, sidechain.Chain{Steps: []sidechain.Step{there}}, bad)
	err := p.run()
	p.network.Close()
	if err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Error(err)
	}
	if !ended.Load() {
		t.Error("the receiver's program goes on")
	}
}

// fails is a program that has no luck.
type fails struct{ ended *atomic.Bool }

func (fails) Run(_, _ []byte) (int, error) { return 0, errors.New("no luck") }
func (fails) Spent() time.Duration         { return 0 }
func (f fails) End()                       { f.ended.Store(true) }

// What legs of gzip are on the wire is, one after the other, a file of gzip: each is a member of it (RFC 1952, section 2.2).
func TestCodedGzipOnTheWire(t *testing.T) {
	data := bytes.Repeat([]byte("zfs send dozer/visage@now | viamillipede tx host1.40g\n"), 20000)
	chain := sidechain.Chain{Steps: []sidechain.Step{{Codec: sidechain.Gzip, Level: 1}}}
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: 64 << 10, Chain: chain}}, data, nil)
	h := tx.accept(100)
	var file []byte
	var legs, came uint64
	for came < uint64(len(data)) {
		h.until(func(f wire.Header, payload []byte) bool {
			if f.Type != wire.TypeCoded {
				return false
			}
			l := f.Leg()
			if l.Number != legs || l.Offset != came {
				t.Errorf("leg %d at byte %d, want %d at %d", l.Number, l.Offset, legs, came)
			}
			file, legs, came = append(file, payload[wire.CodedSum:]...), legs+1, came+uint64(l.Length)
			return true
		})
		h.send(wire.Ack{Received: legs, Delivered: legs}.Append(nil))
	}
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, data) || legs < 2 {
		t.Errorf("%d bytes of %d in %d members: %v", len(got), len(data), legs, err)
	}
	h.untilType(wire.TypeEnd)
	h.send(wire.Done{Legs: legs, Bytes: came}.Append(nil))
	tx.wants(engine.StatusDone)
}
