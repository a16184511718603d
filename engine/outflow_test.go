package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"viamillipede/engine"
)

// original is a receiver of version 1, written from engine/wire1/SPEC1.md alone: it takes connections until the end of the stream has
// come and every leg below its number, and keeps what is wrong.
type original struct {
	l      net.Listener
	phrase string
	slow   time.Duration // before each leg is read

	mu    sync.Mutex
	conns []net.Conn
	legs  map[uint64][]byte
	sums  map[uint64]uint64
	most  int  // bytes of a leg
	ended bool // the end has come
	total uint64
	wrong error
	whole chan struct{} // closed once all is there
	heard chan struct{} // a token for each leg, as far as there is room
	over  sync.WaitGroup
}

func newOriginal(t *testing.T, phrase string) *original {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &original{l: l, phrase: phrase, legs: map[uint64][]byte{}, sums: map[uint64]uint64{}, whole: make(chan struct{}), heard: make(chan struct{}, 100)}
	o.over.Go(o.accept)
	t.Cleanup(func() { o.close(); o.over.Wait() })
	return o
}

func (o *original) path() engine.Path {
	return engine.Path{Host: "127.0.0.1", Port: uint16(o.l.Addr().(*net.TCPAddr).Port)}
}

func (o *original) accept() {
	for {
		c, err := o.l.Accept()
		if err != nil {
			return
		}
		o.mu.Lock()
		o.conns = append(o.conns, c)
		o.mu.Unlock()
		o.over.Go(func() { o.serve(c) })
	}
}

func (o *original) close() {
	o.l.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.conns {
		c.Close()
	}
}

// serve reads one connection to its end.
func (o *original) serve(c net.Conn) {
	defer c.Close()
	said := make([]byte, 4)
	if _, err := io.ReadFull(c, said); err != nil || string(said) != o.phrase {
		return
	}
	if _, err := io.WriteString(c, "ok"); err != nil {
		return
	}
	for last := int64(-1); ; {
		var header [5]uint64
		if err := binary.Read(c, binary.LittleEndian, &header); err != nil {
			return
		}
		number, size := header[1], header[2]
		if header[0] != 0xa5a5a5a55a5a5a5a || size > 2<<20 || header[4] == 0xcafe && int64(number) <= last {
			o.note(errors.New("a packet that cannot be"))
			return
		}
		last = int64(number)
		time.Sleep(o.slow) // a consumer that takes its time
		payload := make([]byte, size)
		if _, err := io.ReadFull(c, payload); err != nil {
			return
		}
		o.take(number, header[3], header[4], payload)
	}
}

func (o *original) note(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wrong = err
}

func (o *original) take(number, sum, opcode uint64, payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case opcode == 0xdead && !o.ended && len(payload) == 0 && sum == 0:
		o.ended, o.total = true, number
	case opcode == 0xcafe && o.legs[number] == nil && len(payload) > 0:
		o.legs[number], o.sums[number], o.most = payload, sum, max(o.most, len(payload))
		select {
		case o.heard <- struct{}{}:
		default:
		}
	default:
		o.wrong = errors.New("a packet that cannot be")
	}
	if o.ended && uint64(len(o.legs)) == o.total {
		close(o.whole)
	}
}

// wants waits for the end, and checks what came, with the checksums of the specification or none.
func (o *original) wants(t *testing.T, want []byte, links int, summed bool) {
	t.Helper()
	select {
	case <-o.whole:
	case <-time.After(soon):
		t.Fatal("no whole stream came")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var got []byte
	var legs [][]byte
	for n := range o.total {
		legs, got = append(legs, o.legs[n]), append(got, o.legs[n]...)
	}
	if o.wrong != nil || !bytes.Equal(got, want) || len(o.conns) != links {
		t.Errorf("%d bytes came on %d connections, want %d on %d; %v", len(got), len(o.conns), len(want), links, o.wrong)
	}
	if summed && len(want) >= 8 {
		for n, sum := range sumsOf(legs) {
			if o.sums[uint64(n)] != uint64(sum) {
				t.Fatalf("leg %d of %d bytes has checksum %#x, want %#x", n, len(legs[n]), o.sums[uint64(n)], sum)
			}
		}
	}
	for n, sum := range o.sums {
		if (sum != 0) != (summed && len(want) >= 8) {
			t.Fatalf("leg %d has checksum %#x", n, sum)
		}
	}
}

// verdict is a producer whose word is set.
type verdict struct{ err error }

func (v verdict) Whole(context.Context) error { return v.err }

// sendFirst runs a sender of version 1 whose source is the reading end of a pipe, or a file.
func sendFirst(t *testing.T, source *os.File, c engine.SendConfig) (over <-chan error, cancel context.CancelFunc) {
	t.Helper()
	c.Source = int(source.Fd())
	s, err := engine.NewFirstSender(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		defer close(done)
		_, err := s.Run(ctx)
		s.Snapshot()
		source.Close()
		done <- err
	}()
	t.Cleanup(func() {
		cancel()
		for range done {
		}
	})
	return done, cancel
}

func endsWith(t *testing.T, over <-chan error, want engine.Status) {
	t.Helper()
	select {
	case err := <-over:
		if engine.ExitStatus(err) != want {
			t.Fatalf("status %d (%v), want %d", engine.ExitStatus(err), err, want)
		}
	case <-time.After(soon):
		t.Fatal("the sender does not end")
	}
}

func sourcePipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return r, w
}

// What goes in comes out at a receiver that knows no more than the specification: over 1 to 16 links, of any length, from a pipe and
// with checksums, where no leg but an only one is shorter than 8 bytes.
func TestWire1Sends(t *testing.T) {
	for name, c := range map[string]struct {
		bytes, threads int
		want           int // links
		options        engine.Options
	}{
		"nothing":        {0, 0, 16, engine.Options{}},
		"a byte":         {1, 1, 1, engine.Options{}},
		"a byte, summed": {1, 1, 1, engine.Options{Checksum: true}},
		"9 bytes":        {9, 3, 3, engine.Options{Checksum: true}},
		"many links":     {8<<20 + 3, 64, 16, engine.Options{}},
		"one link":       {8<<20 + 3, 1, 1, engine.Options{Checksum: true}},
		"small legs":     {1<<20 + 5, 5, 5, engine.Options{Checksum: true, Leg: 4 << 10}},
		"small window":   {6<<20 + 1, 4, 4, engine.Options{Window: 1 << 20}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOriginal(t, "beef")
			c.options.Phrase, c.options.Threads = [4]byte{'b', 'e', 'e', 'f'}, c.threads
			_, whole := randomLegs(c.bytes)
			r, w := sourcePipe(t)
			over, _ := sendFirst(t, r, engine.SendConfig{Options: c.options, Paths: []engine.Path{o.path()}, Producer: verdict{}})
			for at := 0; at < len(whole); at += 77777 {
				w.Write(whole[at:min(at+77777, len(whole))])
			}
			w.Close()
			o.wants(t, whole, c.want, c.options.Checksum)
			endsWith(t, over, engine.StatusDone)
		})
	}
}

// What is written to a FIFO changes its times, and is no change of what is sent.
func TestWire1SendsFromFIFO(t *testing.T) {
	o := newOriginal(t, "yoes")
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	over, _ := sendFirst(t, r, engine.SendConfig{Options: engine.Options{Threads: 1}, Paths: []engine.Path{o.path()}})
	f.WriteString("what comes later")
	f.Close()
	o.wants(t, []byte("what comes later"), 1, false)
	endsWith(t, over, engine.StatusDone)
}

// Links are spread over the paths, and a receiver that reads slowly holds the sender.
func TestWire1SendsSlowly(t *testing.T) {
	o := newOriginal(t, "yoes")
	o.slow = 5 * time.Millisecond
	_, whole := randomLegs(20 << 20)
	r, w := sourcePipe(t)
	over, _ := sendFirst(t, r, engine.SendConfig{Options: engine.Options{Threads: 3}, Paths: []engine.Path{o.path(), o.path()}})
	w.Write(whole)
	w.Close()
	o.wants(t, whole, 3, false)
	endsWith(t, over, engine.StatusDone)
}

// A receiver that expects another phrase refuses (3); one that says nothing, or is not there, is waited for as long as connect says (2).
func TestWire1SendsToNobody(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	at := func(l net.Listener) engine.Path { return (&original{l: l}).path() }
	for name, c := range map[string]struct {
		path engine.Path
		want engine.Status
	}{
		"phrase": {newOriginal(t, "else").path(), engine.StatusRefused},
		"mute":   {at(mute), engine.StatusConnect},
		"gone":   {at(gone), engine.StatusConnect},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := sourcePipe(t)
			over, _ := sendFirst(t, r, engine.SendConfig{Options: engine.Options{Threads: 2, Connect: 300 * time.Millisecond}, Paths: []engine.Path{c.path}})
			endsWith(t, over, c.want)
		})
	}
}

// Whatever ends a stream before its end: the receiver sees connections that end, and no end of the stream.
func TestWire1SendsNoGap(t *testing.T) {
	failed := &engine.Error{Status: engine.StatusLocalPipe, Reason: "the producer has failed"}
	reset := func(o *original, i int) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.conns[i].(*net.TCPConn).SetLinger(0)
		o.conns[i].Close()
	}
	for name, c := range map[string]struct {
		producer engine.Producer
		does     func(o *original, w *os.File, cancel func())
		want     engine.Status
	}{
		"a link is reset":    {nil, func(o *original, _ *os.File, _ func()) { reset(o, 1) }, engine.StatusLost},
		"a link is closed":   {nil, func(o *original, _ *os.File, _ func()) { o.mu.Lock(); defer o.mu.Unlock(); o.conns[0].Close() }, engine.StatusLost},
		"the producer fails": {verdict{failed}, func(_ *original, w *os.File, _ func()) { w.Close() }, engine.StatusLocalPipe},
		"it is stopped":      {nil, func(_ *original, _ *os.File, cancel func()) { cancel() }, engine.StatusInterrupt},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOriginal(t, "yoes")
			r, w := sourcePipe(t)
			over, cancel := sendFirst(t, r, engine.SendConfig{Options: engine.Options{Threads: 3}, Paths: []engine.Path{o.path()}, Producer: c.producer})
			w.Write([]byte("some of it"))
			select {
			case <-o.heard:
			case <-time.After(soon):
				t.Fatal("nothing came")
			}
			c.does(o, w, cancel)
			endsWith(t, over, c.want)
			o.l.Close()
			o.over.Wait() // every connection has ended
			if o.ended {
				t.Error("the end of the stream was said")
			}
		})
	}
}

// A file that changes while it is sent is status 4, and the end is not said.
func TestWire1SendsFile(t *testing.T) {
	o := newOriginal(t, "yoes")
	f, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	_, whole := randomLegs(3 << 20)
	f.Write(whole)
	f.Seek(0, io.SeekStart)
	changes := changing{f}
	over, _ := sendFirst(t, f, engine.SendConfig{Options: engine.Options{Threads: 2}, Paths: []engine.Path{o.path()}, Producer: changes})
	endsWith(t, over, engine.StatusIntegrity)
	if o.l.Close(); o.ended {
		t.Error("the end of the stream was said")
	}
}

// changing changes a file when it has been read.
type changing struct{ f *os.File }

func (c changing) Whole(context.Context) error {
	_, err := c.f.WriteAt([]byte("changed"), 5)
	return err
}
