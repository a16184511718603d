package engine_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/rig"
	"viamillipede/engine/schedule"
	"viamillipede/engine/tune"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// soon is how long a test waits for what should happen at once, on the busiest machine.
const soon = 30 * time.Second

// steady has clocks that do not disturb a peer written by hand, nor one that waits for a CPU: a handshake of a sealed link, of which the
// race detector hears, may take seconds.
var steady = schedule.Timing{
	Backoff: time.Millisecond, BackoffMost: 8 * time.Millisecond, Dial: 20 * time.Second, Hello: 20 * time.Second,
	Tick: 5 * time.Millisecond, Beat: 20 * time.Millisecond, Stall: 30 * time.Second, Dead: time.Minute, DeadPeer: 20 * time.Second,
	Linger: time.Second, Farewell: 100 * time.Millisecond,
}

// patient is steady for streams whose links are cut: an end that has all waits longer for the other one's next link.
func patient() schedule.Timing {
	t := steady
	t.Linger = 3 * time.Second
	return t
}

// small chooses the size for a short run.
func small[T any](full, short T) T {
	if testing.Short() {
		return short
	}
	return full
}

// result is what Run returned.
type result struct {
	observe.Summary
	err error
}

// running is an engine's end under test, against a peer written by hand.
type running struct {
	t       *testing.T
	network *enginetest.Net
	stdio   *enginetest.Stdio
	cancel  context.CancelFunc
	over    chan result
	log     *lines
	status  func() observe.Snapshot
	tuned   func() tune.End
	door    net.Listener // of a sender: where it expects its receiver
}

// show writes how a stream stands.
func show(w io.Writer, s observe.Snapshot) { fmt.Fprintf(w, "%+v\n%+v\n%+v\n", s, s.Window, s.Ring) }

// wait returns the result of Run.
func (r *running) wait() result {
	r.t.Helper()
	select {
	case got := <-r.over:
		r.stdio.CloseNear()
		return got
	case <-time.After(soon):
		show(r.log, r.status())
		r.t.Fatalf("the engine does not end\n%s", r.log)
		return result{}
	}
}

// wants checks how Run ended.
func (r *running) wants(status engine.Status) result {
	r.t.Helper()
	got := r.wait()
	if engine.ExitStatus(got.err) != status {
		r.t.Fatalf("status %d (%v), want %d\n%s", engine.ExitStatus(got.err), got.err, status, r.log)
	}
	return got
}

// quiet checks at the end of the test that nothing is left behind. Tests that run side by side are checked together, by the last of
// them to end.
func quiet(t *testing.T) {
	t.Helper()
	atWork.Lock()
	defer atWork.Unlock()
	if atWork.tests++; atWork.tests == 1 {
		atWork.before = enginetest.Hold()
	}
	t.Cleanup(func() {
		atWork.Lock()
		defer atWork.Unlock()
		if atWork.tests--; atWork.tests > 0 {
			return
		}
		if err := atWork.before.Check(); err != nil {
			t.Error(err)
		}
	})
}

// atWork is how many tests must not leave anything behind, and what there was before them.
var atWork struct {
	sync.Mutex
	tests  int
	before enginetest.Held
}

// transporter changes a Transport for a test.
type transporter func(stream.Transport) stream.Transport

// receive starts a receiver.
func receive(t *testing.T, o rig.Setup, kind enginetest.Kind, change transporter) *running {
	t.Helper()
	quiet(t)
	sink, err := enginetest.NewSink(kind)
	if err != nil {
		t.Fatal(err)
	}
	return receiveInto(t, o, sink, change)
}

// receiveFor is receive, but returns the receiver itself too.
func receiveFor(t *testing.T, o rig.Setup, kind enginetest.Kind, to **engine.Receiver) *running {
	t.Helper()
	quiet(t)
	sink, err := enginetest.NewSink(kind)
	if err != nil {
		t.Fatal(err)
	}
	r, running := receiveWith(t, o, sink, nil)
	*to = r
	return running
}

// receiveInto is receive into a sink that is there already.
func receiveInto(t *testing.T, o rig.Setup, sink *enginetest.Stdio, change transporter) *running {
	t.Helper()
	_, running := receiveWith(t, o, sink, change)
	return running
}

func receiveWith(t *testing.T, o rig.Setup, sink *enginetest.Stdio, change transporter) (*engine.Receiver, *running) {
	t.Helper()
	n := enginetest.NewNet(0, enginetest.Faults{})
	log := &lines{to: io.Discard}
	o.Transport = n
	if change != nil {
		o.Transport = change(n)
	}
	if o.Timing == (schedule.Timing{}) {
		o.Timing = steady
	}
	r, err := rig.NewReceiver(rig.ReceiveConfig{
		Setup: looped(o), Port: port, Sink: sink.FD, SinkFile: engine.SinkFile{Own: o.Resume}, Observer: hears{log, "rx: ", observe.LevelLegs},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, start(t, n, sink, log, r.Run, r.Snapshot)
}

// send starts a sender whose source holds data.
func send(t *testing.T, o rig.Setup, data []byte, change transporter) *running {
	t.Helper()
	return sendOver(t, o, data, []engine.Path{{Host: "a", Port: port}}, change)
}

// pipeMost is what the pipe of a source holds, in bytes: legs of what is in it are full.
const pipeMost = 1 << 20

// sendOver is send over the paths given.
func sendOver(t *testing.T, o rig.Setup, data []byte, paths []engine.Path, change transporter) *running {
	t.Helper()
	quiet(t)
	source, err := enginetest.NewSource(enginetest.KindPipe, nil) // of a file, END waits until all is received
	if err != nil {
		t.Fatal(err)
	}
	source.Shrink(pipeMost)
	if _, err := source.Far.Write(data[:min(len(data), pipeMost)]); err != nil {
		t.Fatal(err)
	}
	go func() {
		source.Far.Write(data[min(len(data), pipeMost):])
		source.Far.Close()
	}()
	o.IO = cmp.Or(o.IO, "copy")
	return sendFrom(t, o, source, paths, change)
}

// sendFile is send whose source is a file.
func sendFile(t *testing.T, o rig.Setup, data []byte) *running {
	t.Helper()
	quiet(t)
	source, err := enginetest.NewSource(enginetest.KindFile, data)
	if err != nil {
		t.Fatal(err)
	}
	return sendFrom(t, o, source, []engine.Path{{Host: "a", Port: port}}, nil)
}

func sendFrom(t *testing.T, o rig.Setup, source *enginetest.Stdio, paths []engine.Path, change transporter) *running {
	t.Helper()
	n := enginetest.NewNet(0, enginetest.Faults{})
	log := &lines{to: io.Discard}
	o.Transport = n
	if change != nil {
		o.Transport = change(n)
	}
	if o.Timing == (schedule.Timing{}) {
		o.Timing = steady
	}
	s, err := rig.NewSender(rig.SendConfig{
		Setup: looped(o), Paths: paths, Source: source.FD,
		Observer: hears{log, "tx: ", observe.LevelLegs},
	})
	if err != nil {
		t.Fatal(err)
	}
	door, err := n.Listen(t.Context(), port, 1) // before the sender's first attempt, which a test may have be the only one for long
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, n, source, log, s.Run, s.Snapshot)
	r.door, r.tuned = door.Listeners()[0], s.Tuned
	t.Cleanup(func() { door.Close() })
	return r
}

func start(t *testing.T, n *enginetest.Net, io *enginetest.Stdio, log *lines,
	run func(context.Context) (observe.Summary, error), status func() observe.Snapshot) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, network: n, stdio: io, cancel: cancel, over: make(chan result, 1), log: log, status: status}
	var done sync.WaitGroup
	done.Go(func() {
		sum, err := run(ctx)
		r.over <- result{sum, err}
	})
	t.Cleanup(func() {
		cancel()
		done.Wait()
		r.stdio.Close()
		n.Close()
	})
	return r
}

// hand is one link of a peer written by hand. Its methods end the test when something takes too long.
type hand struct {
	t       *testing.T
	c       net.Conn
	welcome wire.Welcome // of a sender's link
	hello   wire.Hello   // of a receiver's link
}

func (r *running) hand(c net.Conn) *hand {
	r.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(soon))
	return &hand{t: r.t, c: c}
}

// link opens one link of a sender written by hand.
func (r *running) link(index uint32, change ...func(*wire.Hello)) *hand {
	r.t.Helper()
	h := r.dial(index, change...)
	if h.welcome.Verdict != wire.VerdictOK {
		r.t.Fatalf("link %d: %v", index, h.welcome.Verdict)
	}
	return h
}

// dial is link, whatever the verdict.
func (r *running) dial(index uint32, change ...func(*wire.Hello)) *hand {
	r.t.Helper()
	c, err := r.network.Dial(r.t.Context(), engine.Path{Host: "a", Port: port}, netip.Addr{}, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	h := r.hand(c)
	hello := wire.Hello{Version: wire.Version, Stream: wire.StreamID{1}, Link: index, MaxLeg: 64 << 10, Links: 4}
	for _, f := range change {
		f(&hello)
	}
	h.send(hello.Append(nil))
	if h.welcome, err = wire.ParseWelcome(h.bytes(wire.WelcomeLen)); err != nil {
		r.t.Fatal(err)
	}
	return h
}

// connection takes the next one that comes in at l.
func (r *running) connection(l net.Listener) *hand {
	r.t.Helper()
	late := time.AfterFunc(soon, func() { l.Close() })
	defer late.Stop()
	c, err := l.Accept()
	if err != nil {
		r.t.Fatalf("no link comes in: %v\n%s", err, r.log)
	}
	return r.hand(c)
}

// accept takes a link of the sender and welcomes it.
func (r *running) accept(credit uint32, change ...func(*wire.Welcome)) *hand {
	r.t.Helper()
	h := r.connection(r.door)
	var err error
	if h.hello, err = wire.ParseHello(h.bytes(wire.HelloLen)); err != nil {
		r.t.Fatal(err)
	}
	change = append([]func(*wire.Welcome){func(w *wire.Welcome) { w.Credit = credit }}, change...)
	h.send(welcomeFor(h.hello, change).Append(nil))
	return h
}

// serve has f be the receiver on each link of the sender, all at once, and closes the link behind it. It goes on until stop is
// called, which waits for all of them.
func (r *running) serve(f func(c net.Conn)) (stop func()) {
	var links sync.WaitGroup
	links.Go(func() {
		for c, err := r.door.Accept(); err == nil; c, err = r.door.Accept() {
			links.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(soon))
				f(c)
			})
		}
	})
	stop = func() { r.door.Close(); links.Wait() }
	r.t.Cleanup(stop)
	return stop
}

// welcomes answers the hello on a link that may end at any time: false, it has.
func welcomes(c net.Conn, change ...func(*wire.Welcome)) bool {
	b := make([]byte, wire.HelloLen)
	if _, err := io.ReadFull(c, b); err != nil {
		return false
	}
	hello, err := wire.ParseHello(b)
	if err != nil {
		return false
	}
	_, err = c.Write(welcomeFor(hello, change).Append(nil))
	return err == nil
}

// welcomeFor is what a receiver written by hand answers.
func welcomeFor(h wire.Hello, change []func(*wire.Welcome)) wire.Welcome {
	w := wire.Welcome{
		Version: wire.Version, Stream: h.Stream, MaxLeg: 64 << 10, Credit: 8, Receiver: 9, Features: h.Features,
	}
	for _, f := range change {
		f(&w)
	}
	return w
}

func (h *hand) send(frames ...[]byte) {
	h.t.Helper()
	if _, err := h.c.Write(bytes.Join(frames, nil)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hand) bytes(n int) []byte {
	h.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(h.c, b); err != nil {
		h.t.Fatal(err)
	}
	return b
}

// frame reads one frame, with its payload.
func (h *hand) frame() (wire.Header, []byte, error) {
	b := make([]byte, wire.HeaderLen)
	if _, err := io.ReadFull(h.c, b); err != nil {
		return wire.Header{}, nil, err
	}
	f, err := wire.ParseHeader(b)
	if err != nil {
		h.t.Fatal(err)
	}
	payload := make([]byte, f.Length)
	_, err = io.ReadFull(h.c, payload)
	return f, payload, err
}

// until reads frames up to the first that the test looks for.
func (h *hand) until(is func(wire.Header, []byte) bool) wire.Header {
	h.t.Helper()
	for {
		f, payload, err := h.frame()
		if err != nil {
			h.t.Fatal(err)
		}
		if is(f, payload) {
			return f
		}
	}
}

// untilType reads frames up to one of the type.
func (h *hand) untilType(t wire.Type) wire.Header {
	h.t.Helper()
	return h.until(func(f wire.Header, _ []byte) bool { return f.Type == t })
}

// untilReceived reads frames until legs are acknowledged.
func (h *hand) untilReceived(legs uint64) {
	h.t.Helper()
	h.until(func(f wire.Header, _ []byte) bool { return f.Type == wire.TypeAck && f.A >= legs })
}

// untilClosed reads until the engine has closed the link.
func (h *hand) untilClosed() {
	h.t.Helper()
	for {
		_, _, err := h.frame()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			h.t.Fatal("the link is not closed")
		}
		if err != nil {
			h.c.Close()
			return
		}
	}
}

// handmade is what a sender written by hand sends: equal legs.
type handmade struct {
	data []byte
	leg  int
}

func newStream(legs, leg int) handmade { return handmade{content(7, legs*leg), leg} }

func (s handmade) payload(n int) []byte { return s.data[n*s.leg : (n+1)*s.leg] }

// frame is leg n as it is sent.
func (s handmade) frame(n int) []byte {
	l := wire.Leg{Number: uint64(n), Offset: uint64(n * s.leg), Length: uint32(s.leg)}
	return append(l.Append(nil), s.payload(n)...)
}

func (s handmade) end() []byte {
	return wire.End{Legs: uint64(len(s.data) / s.leg), Bytes: uint64(len(s.data))}.Append(nil)
}

// finish ends a stream whose legs are all sent, and checks that all of it came out.
func (s handmade) finish(r *running, h *hand, got <-chan []byte) {
	r.t.Helper()
	h.send(s.end())
	h.untilType(wire.TypeDone)
	h.send(wire.Bye{Stream: true}.Append(nil))
	r.wants(engine.StatusDone)
	select {
	case b := <-got:
		if !bytes.Equal(b, s.data) {
			r.t.Fatalf("%d bytes came out, %d went in; they differ from byte %d on\n%s", len(b), len(s.data),
				differ(b, s.data), r.log)
		}
	case <-time.After(soon):
		r.t.Fatal("the sink does not end")
	}
}

// consume reads the sink from now on.
func (r *running) consume() <-chan []byte {
	got := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(r.stdio.Far)
		got <- b
	}()
	return got
}

// adopting has the engine get for each of its connections what wrap makes of it.
func adopting(wrap func(stream.Connection) stream.Conn) transporter {
	return func(n stream.Transport) stream.Transport { return adopter{n, wrap} }
}

type adopter struct {
	stream.Transport
	wrap func(stream.Connection) stream.Conn
}

func (a adopter) Adopt(c net.Conn, trace netio.Tracer) (stream.Conn, error) {
	conn, err := a.Transport.Adopt(c, trace)
	if err != nil {
		return nil, err
	}
	return a.wrap(stream.Equip(conn)), nil
}

// deaf has the engine hear nothing on its links until a Send has failed, as if it had been busy.
var deaf = adopting(func(c stream.Connection) stream.Conn { return &deafConn{Connection: c} })

type deafConn struct {
	stream.Connection
	hears bool
}

func (c *deafConn) Send(a, b []byte) (int, error) { return c.note(c.Connection.Send(a, b)) }

func (c *deafConn) SendMore(a, b []byte) (int, error) { return c.note(c.Connection.SendMore(a, b)) }

func (c *deafConn) SendFile(s *netio.Source, offset int64, n int) (int, error) {
	return c.note(c.Connection.SendFile(s, offset, n))
}

func (c *deafConn) note(n int, err error) (int, error) {
	c.hears = c.hears || err != nil && err != netio.ErrAgain
	return n, err
}

func (c *deafConn) Recv(a, b []byte) (int, error) {
	if !c.hears {
		return 0, netio.ErrAgain
	}
	return c.Connection.Recv(a, b)
}
