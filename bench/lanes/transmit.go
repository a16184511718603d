package lanes

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/netio"
	"viamillipede/netio/dial"
	"viamillipede/netio/lane"
	"viamillipede/netio/lane/flowhash"
)

// Times of a transmitter.
const (
	dialTime = 10 * time.Second // for one connection with its hello and answer
	askTime  = 30 * time.Second // for one reply
	patience = 30 * time.Second // for a flow on which nothing moves
)

// TransmitConfig describes a transmitter. Port, Flows and Seconds have no default here.
type TransmitConfig struct {
	Host     string
	Port     uint16
	Device   string        // flows leave by it; "" leaves it to the routes
	Bind     netip.Addr    // local address; the zero Addr is any
	Flows    int           // 1 to FlowsMost; the length of Sports, if that is not nil
	Load     time.Duration // all flows at once
	Connect  time.Duration // how long to try to make first contact; 0 means a single try
	Sports   []uint16      // their source ports; nil for random ones from the kernel's ephemeral range
	Balanced bool          // use source ports that fill all lanes, in place of Sports
	Log      func(line string)
	Look     func(Progress) // hears each second, and at the end, how far all flows at once are, on a goroutine of its own; nil: nobody does
	Words    Words
}

// Words describes lanes in text as the program does elsewhere: which they are, and what a prediction is based on. Both
// are required.
type Words struct{ Lanes, Basis func(lane.Set) string }

// FlowsMost is the most flows there may be.
const FlowsMost = flowsMost

// transmitter is one session's sending end.
type transmitter struct {
	TransmitConfig
	to      netip.AddrPort
	set     lane.Set
	session [16]byte
	control *net.TCPConn
	flows   []*flow
	missing []string
}

// flow is one connection.
type flow struct {
	conn    *net.TCPConn
	port    uint16
	lane    int           // that was found; flowhash.NoLane
	tries   int           // bursts that it took
	told    int           // the predicted lane; flowhash.NoLane
	replied atomic.Uint64 // bytes that rx has acknowledged
}

// Transmit measures and reports. Errors: ErrRefused; a host without an address or that does not answer; the cause of ctx;
// a broken session.
func Transmit(ctx context.Context, c TransmitConfig) (*Report, error) {
	t := &transmitter{TransmitConfig: c}
	defer t.hangUp()
	if err := t.connect(ctx); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, t.hangUp)
	defer stop()
	r, err := t.measure()
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return r, err
}

// connect finds the lanes and opens all connections.
func (t *transmitter) connect(ctx context.Context) error {
	all, err := dial.Resolve(ctx, t.Host, t.Bind)
	if err != nil {
		return fmt.Errorf("no address of %s is known: %w", t.Host, err)
	}
	if err := netio.Random(t.session[:]); err != nil {
		return err
	}
	if err := t.meet(ctx, all); err != nil {
		return err
	}
	if t.set, err = lane.Find("/", t.to.Addr(), t.Bind, t.Device); err != nil {
		return err
	}
	return t.openFlows(ctx)
}

// meet makes the first connection, to whichever of the addresses answers.
func (t *transmitter) meet(ctx context.Context, all []netip.Addr) (err error) {
	for begun := time.Now(); ; {
		for _, to := range all {
			t.to = netip.AddrPortFrom(to.Unmap(), t.Port)
			t.control, err = t.open(ctx, hello{kind: kindControl, session: t.session}, 0)
			if err == nil || errors.Is(err, ErrRefused) {
				return err
			}
		}
		if time.Since(begun) >= t.Connect {
			return err
		}
		select {
		case <-time.After(meetPause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// meetPause is the pause between two attempts at first contact.
const meetPause = 100 * time.Millisecond

// openFlows opens the flows, from the given source ports if there are any. A port that cannot be used is left out and
// reported.
func (t *transmitter) openFlows(ctx context.Context) error {
	if t.Balanced {
		ports, err := t.set.Ports(t.Flows, t.Bind, t.Port)
		if err != nil {
			t.miss("tx: source ports are chosen at random: %v", err)
		}
		t.Sports = ports
	}
	if t.Sports == nil {
		return t.openDrawn(ctx)
	}
	for _, port := range t.Sports {
		switch err := t.openFlow(ctx, port); {
		case dial.PortTaken(err):
			t.miss("tx: source port %d cannot be used", port)
		case err != nil:
			return err
		}
	}
	if len(t.flows) == 0 {
		return errors.New("no flow: none of the source ports can be used")
	}
	return nil
}

// openDrawn opens flows from random ports of the kernel's own range. Leaving the port to the kernel would show nothing:
// it may choose the route before the port, and since Linux 6.16 it chooses the lane at random (FLOWI_FLAG_ANY_SPORT).
func (t *transmitter) openDrawn(ctx context.Context) error {
	const tries = 4 // ports for each flow
	ports := lane.Ephemeral()
	for left := tries * t.Flows; len(t.flows) < t.Flows; left-- {
		if left == 0 {
			return fmt.Errorf("not enough source ports for %d flows", t.Flows)
		}
		port := ports.First + uint16(rand.N(int(ports.Last-ports.First)+1))
		if err := t.openFlow(ctx, port); err != nil && !dial.PortTaken(err) {
			return err
		}
	}
	return nil
}

// openFlow opens one flow from a source port.
func (t *transmitter) openFlow(ctx context.Context, port uint16) error {
	c, err := t.open(ctx, hello{kind: kindFlow, flow: uint32(len(t.flows)), session: t.session}, port)
	if err == nil {
		t.flows = append(t.flows, &flow{conn: c, port: port, lane: flowhash.NoLane, told: flowhash.NoLane})
	}
	return err
}

// miss notes what cannot be learned: at once for the user, and once in the report.
func (t *transmitter) miss(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	t.missing = append(t.missing, line)
	t.Log(line)
}

// open makes one connection, with its hello and its answer.
func (t *transmitter) open(ctx context.Context, h hello, port uint16) (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	d := dial.Dialer{Device: t.Device, Bind: t.Bind, Port: port, Congestion: "auto"}
	c, err := d.Dial(ctx, t.to)
	if err != nil {
		return nil, err
	}
	end, _ := ctx.Deadline()
	_ = c.SetDeadline(end)
	_ = c.SetLinger(0) // a reset leaves no TIME_WAIT, so the stream can use the port afterwards
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	_, err = c.Write(h.append(nil))
	if err == nil {
		err = readAnswer(c)
	}
	stop()
	if err == nil {
		err = c.SetDeadline(time.Time{})
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("%v: %w", t.to, err)
	}
	return c, nil
}

func (t *transmitter) hangUp() {
	for _, f := range t.flows {
		f.conn.Close()
	}
	if t.control != nil {
		t.control.Close()
	}
}

// measure takes all measurements.
func (t *transmitter) measure() (*Report, error) {
	for _, f := range t.flows {
		if at, known := t.set.Predict(netip.AddrPortFrom(t.Bind, f.port), t.to); known && t.set.Kind != lane.Device {
			f.told = at
		}
	}
	if err := t.classify(); err != nil {
		return nil, err
	}
	r := t.newReport()
	if err := t.alone(r); err != nil {
		return nil, err
	}
	if err := t.together(r); err != nil {
		return nil, err
	}
	arrivals, err := t.ask()
	if err != nil {
		return nil, err
	}
	t.farewell()
	r.finish(t, arrivals)
	return r, nil
}

// ask asks rx about all flows.
func (t *transmitter) ask() (r reply, err error) {
	_ = t.control.SetDeadline(time.Now().Add(askTime))
	if err = writeMessage(t.control, question{"flows"}); err == nil {
		err = readMessage(t.control, &r)
	}
	if err != nil {
		err = fmt.Errorf("ask rx for its flows: %w", err)
	}
	r.clean()
	return r, err
}

// farewell ends the session in order: rx closes control once it has the message.
func (t *transmitter) farewell() {
	if writeMessage(t.control, question{"bye"}) == nil {
		_, _ = t.control.Read(make([]byte, 1))
	}
}

// send writes chunks while more returns true, with at most inFlight bytes that rx has not acknowledged, and waits for the
// last reply.
func (f *flow) send(chunk, inFlight int, more func() bool) error {
	b := make([]byte, 4+chunk)
	binary.LittleEndian.PutUint32(b, uint32(chunk))
	replies := make(chan struct{}, max(1, inFlight/chunk)) // a place for each chunk in flight
	var failed error
	var wg sync.WaitGroup
	sent := make(chan struct{}, cap(replies))
	wg.Go(func() {
		for range sent {
			var total [8]byte
			_ = f.conn.SetReadDeadline(time.Now().Add(patience))
			if _, err := io.ReadFull(f.conn, total[:]); err != nil {
				failed = err
				f.conn.Close() // the writer ends
			}
			if failed == nil {
				f.replied.Store(binary.LittleEndian.Uint64(total[:]))
			}
			<-replies
		}
	})
	var err error
	for err == nil && more() {
		replies <- struct{}{}
		_ = f.conn.SetWriteDeadline(time.Now().Add(patience))
		if _, err = f.conn.Write(b); err == nil {
			sent <- struct{}{}
		}
	}
	close(sent)
	wg.Wait()
	return errors.Join(err, failed)
}
