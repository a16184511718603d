package lanes

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/netio"
	"viamillipede/netio/dial"
	"viamillipede/netio/ethtool"
	"viamillipede/netio/lane/flowhash"
	"viamillipede/netio/sockstats"
)

// Times and bounds of a receiver.
const (
	helloTime     = 5 * time.Second
	guestsMost    = 256       // connections that have not said who they are
	strangersMost = 8         // that are reported
	readSize      = 256 << 10 // bytes
)

// ReceiveConfig describes a receiver.
type ReceiveConfig struct {
	Bind netip.Addr        // local address; the zero Addr is any
	Port uint16            //
	Log  func(line string) // gets what a user should know meanwhile; called from any goroutine
}

// receiver is one session's receiving end.
type receiver struct {
	ReceiveConfig
	stats   *sockstats.Collector // nil if none
	missing []string             // what is not known, and why; written before the session begins

	mu        sync.Mutex
	session   [16]byte // of the tx being served; guarded by mu, as is everything below
	served    bool
	flows     map[int]*arrival
	conns     map[net.Conn]bool
	strangers int
	spreads   map[string]spread // by device

	over chan error
}

// arrival is one incoming flow.
type arrival struct {
	conn  *net.TCPConn
	link  *sockstats.Link // nil if none
	bytes atomic.Uint64
}

// spread is how a device chooses queues (RSS), or why that is not known.
type spread struct {
	rss flowhash.RSS
	err error
}

// Receive serves one session of Transmit and returns at its end. Errors: the port cannot be used (it wraps the kernel's
// error); tx went away; the cause of ctx.
func Receive(ctx context.Context, c ReceiveConfig) error {
	r := &receiver{ReceiveConfig: c, flows: map[int]*arrival{}, conns: map[net.Conn]bool{}, spreads: map[string]spread{}, over: make(chan error, 1)}
	l, err := dial.Listen(ctx, c.Bind, c.Port)
	if err != nil {
		return err
	}
	r.openStats()
	var wg sync.WaitGroup
	wg.Go(func() { r.accept(l, &wg) })
	select {
	case err = <-r.over:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	l.Close()
	r.hangUp()
	wg.Wait()
	if r.stats != nil {
		r.stats.Close()
	}
	return err
}

// openStats makes the kernel count, if it lets us.
func (r *receiver) openStats() {
	stats, err := sockstats.Open(sockstats.Config{Local: []uint16{r.Port}})
	if err == nil && stats.Filter() != nil {
		err = stats.Filter()
		stats.Close()
	}
	if err != nil {
		r.missing = append(r.missing, fmt.Sprintf("rx: devices, queues and hashes are not known, only NAPI ids and CPUs: eBPF: %v", err))
		r.Log(r.missing[0])
		return
	}
	r.stats = stats
}

func (r *receiver) accept(l *net.TCPListener, wg *sync.WaitGroup) {
	guests := make(chan struct{}, guestsMost)
	for {
		c, err := l.AcceptTCP()
		if dial.ListenerGone(err) {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // perhaps out of descriptors; waiting connections stay in the queue
			continue
		}
		select {
		case guests <- struct{}{}:
		default:
			c.Close()
			continue
		}
		if !r.keep(c) {
			c.Close()
			return
		}
		wg.Go(func() {
			defer r.drop(c)
			h, err := r.hear(c)
			<-guests
			if err == nil {
				r.serve(c, h)
			}
		})
	}
}

// keep remembers a connection so that it is closed at the end; false if the end has already come.
func (r *receiver) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns == nil {
		return false
	}
	r.conns[c] = true
	return true
}

func (r *receiver) drop(c net.Conn) {
	c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

func (r *receiver) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		c.Close()
	}
	r.conns = nil
}

// hear reads a connection's hello and answers it. An error has already been reported.
func (r *receiver) hear(c *net.TCPConn) (h hello, err error) {
	_ = c.SetDeadline(time.Now().Add(helloTime))
	verdict := byte(verdictOK)
	if h, err = readHello(c); err == nil {
		if verdict = r.admit(c, h); verdict != verdictOK {
			err = errors.New(refusals[verdict])
		}
	} else if errors.Is(err, errVersion) {
		verdict = verdictVersion
	} else {
		verdict = verdictUnknown
	}
	if err == nil || !errors.Is(err, errStranger) {
		_, werr := c.Write(appendAnswer(nil, verdict))
		err = errors.Join(err, werr)
	}
	if err != nil {
		r.refuse(c.RemoteAddr(), err)
		return h, err
	}
	return h, c.SetDeadline(time.Time{})
}

var refusals = map[byte]string{verdictBusy: "another `lanes tx`; one is served", verdictUnknown: "a flow of no session that is served"}

// admit decides on a hello. The first control connection begins the session.
func (r *receiver) admit(c *net.TCPConn, h hello) (verdict byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case h.kind == kindControl && r.served:
		return verdictBusy
	case h.kind == kindControl:
		r.served, r.session = true, h.session
		return verdictOK
	case !r.served || h.session != r.session || r.flows[int(h.flow)] != nil:
		return verdictUnknown
	}
	r.flows[int(h.flow)] = &arrival{conn: c, link: r.attach(c)}
	return verdictOK
}

func (r *receiver) attach(c *net.TCPConn) (link *sockstats.Link) {
	rc, err := c.SyscallConn()
	if err != nil || r.stats == nil {
		return nil
	}
	// The link uses the descriptor's number, which is the connection's until that is closed; so the link must be closed
	// first.
	_ = rc.Control(func(fd uintptr) { link, _ = r.stats.Attach(int(fd)) })
	return link
}

func (r *receiver) refuse(who net.Addr, err error) {
	r.mu.Lock()
	r.strangers++
	n := r.strangers
	r.mu.Unlock()
	if n <= strangersMost {
		r.Log(fmt.Sprintf("refused %v: %v", who, err))
	}
}

func (r *receiver) serve(c *net.TCPConn, h hello) {
	if h.kind == kindControl {
		r.over <- r.control(c)
		return
	}
	r.mu.Lock()
	a := r.flows[int(h.flow)]
	r.mu.Unlock()
	_ = a.take() // when it ends is tx's choice; control reports failures
	if a.link != nil {
		a.link.Close()
	}
}

// take reads a flow's chunks and acknowledges each.
func (a *arrival) take() error {
	b := make([]byte, readSize)
	for {
		if _, err := io.ReadFull(a.conn, b[:4]); err != nil {
			return err
		}
		n := int(binary.LittleEndian.Uint32(b))
		if n > chunkMost {
			return fmt.Errorf("a chunk of %d bytes, expected %d at most", n, chunkMost)
		}
		for n > 0 {
			m, err := a.conn.Read(b[:min(n, len(b))])
			if err != nil {
				return err
			}
			n -= m
			a.bytes.Add(uint64(m))
		}
		if _, err := a.conn.Write(binary.LittleEndian.AppendUint64(b[:0], a.bytes.Load())); err != nil {
			return err
		}
	}
}

// control answers tx's questions until the end of the session.
func (r *receiver) control(c net.Conn) error {
	for {
		var q question
		if err := readMessage(c, &q); err != nil {
			return fmt.Errorf("tx went away before the end: %w", err)
		}
		var err error
		switch q.Ask {
		case "flows":
			err = writeMessage(c, r.tell())
		case "bye":
			return nil
		default:
			err = fmt.Errorf("tx asks for %q, which is not known here", q.Ask)
		}
		if err != nil {
			return err
		}
	}
}

// tell returns all flows, in order.
func (r *receiver) tell() reply {
	r.mu.Lock()
	defer r.mu.Unlock()
	answer := reply{Missing: slices.Clone(r.missing)}
	for i, a := range r.flows {
		answer.Flows = append(answer.Flows, r.describe(i, a))
	}
	sort.Slice(answer.Flows, func(a, b int) bool { return answer.Flows[a].Flow < answer.Flows[b].Flow }) // as for a receiver's links
	answer.Missing = append(answer.Missing, r.unpredicted()...)
	return answer
}

// unpredicted says why the queues of devices are not predicted, one line per reason; call it under mu.
func (r *receiver) unpredicted() (lines []string) {
	by := map[string][]string{}
	for device, s := range r.spreads {
		why := fmt.Sprint(s.err)
		if errors.Is(s.err, errors.ErrUnsupported) {
			why = "the driver gives no key and table"
		}
		if s.err != nil {
			by[why] = append(by[why], device)
		}
	}
	for why, devices := range by {
		slices.Sort(devices)
		lines = append(lines, fmt.Sprintf("rx: receive queues of %s are not predicted: %s", strings.Join(devices, ", "), why))
	}
	slices.Sort(lines)
	return lines
}

// describe says how a flow came in; call it under mu.
func (r *receiver) describe(i int, a *arrival) Arrival {
	info := netio.InfoOf(a.conn)
	d := Arrival{Flow: i, Queue: -1, Predicted: flowhash.NoLane, NAPI: info.NAPI, CPU: info.CPU, Bytes: a.bytes.Load()}
	if a.link == nil {
		return d
	}
	flows := a.link.Read().Flows
	if len(flows) == 0 {
		return d
	}
	d.Device, d.Queue, d.Hash = flows[0].Device, flows[0].Queue, flows[0].Hash // the one with the most bytes
	if s := r.spreadOf(d.Device); s.err == nil {
		from, to := addressOf(a.conn.RemoteAddr()), addressOf(a.conn.LocalAddr())
		if queue, known := s.rss.Lane(flowhash.Flow{Src: from, Dst: to}); known {
			d.Predicted = queue
		}
	}
	return d
}

// spreadOf asks a device, once, how it chooses queues; call it under mu.
func (r *receiver) spreadOf(device string) spread {
	s, known := r.spreads[device]
	if known {
		return s
	}
	rss, err := ethtool.ReadRSS(device)
	s = spread{flowhash.RSS{Function: rss.Function, Key: rss.Key, Table: rss.Table}, err}
	if err == nil {
		s.err = s.rss.Check()
	}
	r.spreads[device] = s
	return s
}

func addressOf(a net.Addr) netip.AddrPort {
	p := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}
