package engine_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/netio/probe"
	"viamillipede/netio/provenance"
)

// origin is a way for bytes to come to a source.
type origin struct {
	name    string
	make    func(data []byte) (*enginetest.Stdio, error)
	produce func(to *os.File, data []byte) error // nil: the data is there already
	data    []byte
	plane   string // how its legs leave it, where nothing is against it
	card    bool   // as if the links left by a network card
}

const (
	byReference = "by reference"
	fromCache   = "from the page cache"
	byCopy      = "copied"
	unproven    = "copied, as no leg was proven"
	denied      = "copied, as there is no permission"
)

// took reports whether the engine path is the one that was meant.
func took(p observe.EnginePath, plane string) bool {
	copied := p.Plane == observe.PlaneCopy || p.Plane == observe.PlaneCopyFile
	switch plane {
	case byReference:
		return p.Plane == observe.PlaneSplice
	case fromCache:
		return p.Plane == observe.PlaneSendFile
	case unproven:
		return copied && strings.HasPrefix(p.Why.Error(), "no leg was proven")
	case denied:
		return copied && strings.HasPrefix(p.Why.Error(), "no permission")
	}
	return copied && p.Why != nil
}

// planeLeg is small, so that there are many legs, but worth to go by reference.
const planeLeg = 128 << 10

func origins() []origin {
	counter := enginetest.Counter(20*planeLeg + 8*4321)
	waits := func(kind enginetest.Kind) func([]byte) (*enginetest.Stdio, error) {
		return func(data []byte) (*enginetest.Stdio, error) { return enginetest.NewSource(kind, data) }
	}
	write := func(to *os.File, data []byte) error {
		_, err := to.Write(data)
		return errors.Join(err, to.Close())
	}
	lend := func(by func(*os.File, []byte) error) func(*os.File, []byte) error {
		return func(to *os.File, data []byte) error { return errors.Join(by(to, data), to.Close()) }
	}
	return []origin{
		{"written", waits(enginetest.KindPipe), write, counter, byReference, false},
		{"lent memory", waits(enginetest.KindPipe), lend(enginetest.LendMemory), counter, unproven, false},
		{"lent file", waits(enginetest.KindPipe), lend(enginetest.LendFile), counter, unproven, false},
		{"socket", waits(enginetest.KindSocket), write, counter, byCopy, false},
		{"file", waits(enginetest.KindFile), nil, counter, byCopy, false},
		{"file by a card", waits(enginetest.KindFile), nil, counter, fromCache, true},
		{"terminal", func([]byte) (*enginetest.Stdio, error) { return enginetest.NewTerminal() }, typeIn, lines64(256), byCopy, false},
	}
}

// lines64 is text for a terminal.
func lines64(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		b.WriteString(hex.EncodeToString(content(uint64(i), 32)) + "\n")
	}
	return b.Bytes()
}

// typeIn writes to a terminal, which stays open: what is not read yet is lost when it is closed.
func typeIn(to *os.File, data []byte) error {
	_, err := to.Write(slices.Concat(data, []byte(enginetest.EndOfInput)))
	return err
}

// keptChecker is the kernel's checker, shared by many streams.
type keptChecker struct{ stream.Prover }

func (keptChecker) Close() error { return nil }

// provers are what a sender may get when it asks for its prover, by name.
func provers(t *testing.T) map[string]func() (stream.Prover, error) {
	t.Helper()
	all := map[string]func() (stream.Prover, error){
		"refused": func() (stream.Prover, error) { return nil, fs.ErrPermission },
	}
	c, err := provenance.New()
	if errors.Is(err, fs.ErrPermission) {
		t.Logf("without BPF, for which there is no permission here: %v", err)
		return all
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	all["bpf"] = func() (stream.Prover, error) { return keptChecker{c}, nil }
	return all
}

// TestPlanes: from every source into every sink, on every plane, whole or under fire, the bytes are the same; and it is the
// plane that was meant.
func TestPlanes(t *testing.T) {
	quiet(t)
	sinks := []enginetest.Kind{
		enginetest.KindPipe, enginetest.KindFile, enginetest.KindAppend, enginetest.KindSocket, enginetest.KindNull,
		enginetest.KindRelay,
	}
	for prover, prove := range provers(t) {
		for _, from := range origins() {
			for _, to := range sinks {
				for _, plane := range []string{"auto", "copy"} {
					for _, checksum := range []bool{false, true} {
						for _, chaos := range []int{0, 3} {
							if from.card && (plane == "copy" || checksum) {
								continue // a card makes no difference
							}
							if to == enginetest.KindRelay && (checksum || prover != "refused") {
								continue // neither does whence the legs are
							}
							if testing.Short() && ((chaos > 0) == checksum || plane == "copy" && prover != "refused") {
								continue // half of them, and nothing is proven for a copy
							}
							c := cell{from, to, rig.Setup{
								Options: engine.Options{Threads: 4, Leg: planeLeg, Window: 4 << 20, IO: plane, Checksum: checksum, Chaos: chaos},
								Hooks:   rig.Hooks{Prove: prove, Timing: patient()},
							}, prover}
							t.Run(c.String(), c.run)
						}
					}
				}
			}
		}
	}
}

// cell is one stream of TestPlanes.
type cell struct {
	from    origin
	to      enginetest.Kind
	options rig.Setup
	prover  string
}

func (c cell) String() string {
	s := fmt.Sprintf("%s to %v, io %s, %s", c.from.name, c.to, c.options.IO, c.prover)
	if c.options.Checksum {
		s += ", checksum"
	}
	if c.options.Chaos > 0 {
		s += ", chaos"
	}
	if c.options.Key != nil {
		s += ", sealed"
	}
	return s
}

func (c cell) run(t *testing.T) {
	t.Parallel()
	source, err := c.from.make(c.from.data)
	if err != nil {
		t.Skip(err)
	}
	sink, err := enginetest.NewSink(c.to)
	if err != nil {
		t.Fatal(err)
	}
	var produce func(*os.File) error
	if c.from.produce != nil {
		produce = func(to *os.File) error { return c.from.produce(to, c.from.data) }
	}
	c.options.ForceSendFile = c.from.card
	got, rx, tx := throughTCP(t, source, sink, produce, c.options)
	if c.to != enginetest.KindNull && !bytes.Equal(got, c.from.data) {
		t.Errorf("%d bytes came out, %d went in; they differ from byte %d on", len(got), len(c.from.data),
			differ(got, c.from.data))
	}
	if want := uint64(len(c.from.data)); rx.Bytes != want || tx.Bytes != want {
		t.Errorf("the summaries tell of %d and %d bytes, not %d", tx.Bytes, rx.Bytes, want)
	}
	if want := c.plane(); !took(tx.EnginePath, want) {
		t.Errorf("the sender's engine path is %+v, want %s", tx.EnginePath, want)
	}
	if want := c.rxPlane(); rx.EnginePath.Plane != want || want == observe.PlaneCopy && rx.EnginePath.Why == nil {
		t.Errorf("the receiver's engine path is %+v, not %d", rx.EnginePath, want)
	}
	if legs := uint64(len(c.from.data) / planeLeg); c.options.Chaos > 0 && tx.Cuts < legs/uint64(c.options.Chaos) {
		t.Errorf("%d cuts of %d legs", tx.Cuts, legs)
	}
}

// plane is how the legs must leave the source.
func (c cell) plane() string {
	switch {
	case c.options.IO == "copy" || c.options.Checksum || c.options.Key != nil:
		return byCopy
	case c.prover == "refused" && (c.from.plane == byReference || c.from.plane == unproven):
		return denied
	}
	return c.from.plane
}

// rxPlane is how the legs must get to the sink.
func (c cell) rxPlane() observe.Plane {
	if c.options.IO == "copy" || c.options.Checksum || c.options.Key != nil {
		return observe.PlaneCopy
	}
	switch c.to {
	case enginetest.KindPipe:
		return observe.PlaneToPipe
	case enginetest.KindFile:
		return observe.PlaneToPlace
	case enginetest.KindNull, enginetest.KindRelay:
		return observe.PlaneToSink
	}
	return observe.PlaneCopy
}

// TestVouchedWrongly: the stream of a producer that reuses its memory, or its file, breaks if the user says that it is safe.
// So the other planes, on which TestPlanes sends the same stream, are guarded against something.
func TestVouchedWrongly(t *testing.T) {
	quiet(t)
	for _, c := range []struct {
		name string
		lend func(*os.File, []byte) error
		way  probe.Way
	}{
		{"memory", enginetest.LendMemory, probe.Vmsplice},
		{"file", enginetest.LendFile, probe.Splice},
	} {
		t.Run(c.name, func(t *testing.T) {
			if by, err := probe.Moves(c.way); err != nil || !by {
				t.Skipf("this kernel copies what is lent to a pipe (%v)", err)
			}
			const tries = 20
			data := enginetest.Counter(64 << 20)
			for range tries {
				if !bytes.Equal(trusted(t, c.lend, data), data) {
					return
				}
			}
			t.Errorf("%d streams came out whole", tries)
		})
	}
}

// trusted is what comes out of a stream whose pages are lent but go by reference all the same.
func trusted(t *testing.T, lend func(*os.File, []byte) error, data []byte) []byte {
	t.Helper()
	source, sink := twoPipes(t)
	got, _, tx := throughTCP(t, source, sink, func(to *os.File) error {
		return errors.Join(lend(to, data), to.Close())
	}, rig.Setup{Options: engine.Options{IO: "splice"}, Hooks: rig.Hooks{Timing: steady}})
	if !took(tx.EnginePath, byReference) {
		t.Fatalf("engine path %+v", tx.EnginePath)
	}
	return got
}

// twoPipes are a source and a sink for throughTCP.
func twoPipes(t *testing.T) (source, sink *enginetest.Stdio) {
	t.Helper()
	source, err := enginetest.NewSource(enginetest.KindPipe, nil)
	if err != nil {
		t.Fatal(err)
	}
	if sink, err = enginetest.NewSink(enginetest.KindPipe); err != nil {
		t.Fatal(err)
	}
	return source, sink
}
