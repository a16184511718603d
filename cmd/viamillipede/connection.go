package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"viamillipede/cmd/viamillipede/internal/tcpend"
	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// The keywords about TCP connections as ends of a stream.
const (
	terminateWord = "terminate"
	initiateWord  = "initiate"
)

// connection is a TCP connection in place of standard input, standard output, or both.
type connection struct {
	word   string // that asks for it; "": there is none
	host   string // that it is made to, or an address of ours that it is taken at
	port   uint16
	reads  bool // rx writes what it receives to it
	writes bool // tx sends what comes in on it
	end    *tcpend.End
	taken  *net.TCPConn // for terminate
	blame  blame
}

// connected are the keywords about TCP connections as ends of a stream.
func connected() []keyword {
	return []keyword{{
		name: terminateWord,
		args: []argument{doorAt(func(inv *invocation, host string, port uint16) { inv.connect(terminateWord, host, port) })},
		gist: "take a TCP connection in place of standard input and output",
		more: `
It listens on PORT, at 127.0.0.1 unless an ADDR is given, takes one connection, and only
then are there links. What comes in on it is what tx sends, and what rx receives goes
out on it; initiate is its counterpart at the other end. With both rx and tx:

  on host1:  viamillipede rx 8834 tx 8834 initiate localhost 873
  here:      viamillipede rx host1 8834 tx host1 8834 terminate 8730

The end of one direction (FIN) is passed on, and the other direction goes on. A connection
that is reset fails the stream, and one whose stream fails is reset. Nothing waits for
more to come (charmode).`,
	}, {
		name: initiateWord,
		args: []argument{
			host(func(inv *invocation, h string) { inv.connect(initiateWord, h, 0) }),
			port(func(inv *invocation, p uint16) { inv.connection.port = p }),
		},
		gist: "make a TCP connection in place of standard input and output",
		more: `
The connection is made when the stream begins, within connect, or 30 s: when a link of
what tx sends is up, or when rx has some of what it receives. For the rest it is as for
terminate. Whoever reaches an end that listens can talk to that HOST and PORT: see key,
bind and checkphrase.`,
	}}
}

// doorAt is a port to listen on, with or without an address of this host.
func doorAt(set func(inv *invocation, host string, port uint16)) argument {
	return argument{
		name: "[ADDR:]PORT",
		want: "a port from 1 to 65535, alone or after an address of this host and a colon",
		set: func(inv *invocation, word string) bool {
			if !strings.Contains(word, ":") {
				word = "127.0.0.1:" + word
			}
			at, err := netip.ParseAddrPort(word)
			set(inv, at.Addr().String(), at.Port())
			return err == nil && at.Port() > 0
		},
	}
}

// connect notes a connection.
func (inv *invocation) connect(word, host string, port uint16) {
	c := &inv.connection
	if c.word != "" {
		word = terminateWord + ", " + initiateWord
	}
	c.word, c.host, c.port = word, host, port
}

// completeConnection finds the ends that the connection is for, and checks what belongs together.
func (inv *invocation) completeConnection() error {
	c := &inv.connection
	if c.word == "" {
		return nil
	}
	c.reads = inv.rx.said() && inv.filing.sink == ""
	c.writes = inv.tx.said() && inv.filing.source == ""
	switch {
	case c.word != terminateWord && c.word != initiateWord:
		return usageError("%s: one connection is enough", c.word)
	case inv.exec.command != "":
		return usageError("%s: a program of exec is in place of standard input and output already", c.word)
	case !c.reads && !c.writes:
		return usageError("%s: a file is in place of standard input or output already", c.word)
	case c.writes && inv.options.PRBS:
		return usageError("%s: prbs makes the stream at tx, which then reads no connection", c.word)
	case inv.filing.sync && c.reads:
		return usageError("sync: is for what rx writes to a disk, and not for the connection of %s", c.word)
	}
	return nil
}

// String names it for people.
func (c *connection) String() string {
	if c.word == terminateWord {
		return fmt.Sprintf("the connection on port %d", c.port)
	}
	return "the connection to " + c.address()
}

// address is where it is taken, or made to.
func (c *connection) address() string { return net.JoinHostPort(c.host, strconv.Itoa(int(c.port))) }

// like makes it a connection of the same kind, for another peer.
func (c *connection) like(o *connection) {
	c.word, c.host, c.port, c.reads, c.writes = o.word, o.host, o.port, o.reads, o.writes
}

// open prepares the connection, if there is to be one; terminate waits for it. One that is made may take as long as connect says, if that
// is more than 0.
func (c *connection) open(connect time.Duration) (err error) {
	var take tcpend.Taker
	switch c.word {
	case "":
		return nil
	case terminateWord:
		if c.taken == nil {
			c.taken, err = c.await(context.Background())
		}
		if err != nil {
			return err
		}
		take = func(context.Context) (*net.TCPConn, error) { return c.taken, nil }
	default:
		if connect <= 0 {
			connect = engine.DefaultConnect
		}
		take = tcpend.Dial(c.address(), connect)
	}
	if c.end, err = tcpend.New(take, c.writes, c.reads); err != nil {
		return localPipe("cannot prepare "+c.String(), err)
	}
	return nil
}

// await waits for a connection on the port of terminate, until the end of a context.
func (c *connection) await(ctx context.Context) (*net.TCPConn, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer watchSignals(nobody, stopping(cancel), func() {})() // first: whoever sees the port may end us
	door, err := tcpend.Listen(c.address())
	if err != nil {
		return nil, c.unheard(err)
	}
	defer door.Close()
	conn, err := door.Take(ctx)
	if _, ours := errors.AsType[*engine.Error](err); err != nil && !ours {
		err = localPipe("cannot take a connection on port "+strconv.Itoa(int(c.port)), err)
	}
	return conn, err
}

// there reports whether there is one.
func (c *connection) there() bool { return c.taken != nil || c.end.Opened() }

// close closes the connection, which is reset unless all went well.
func (c *connection) close(status engine.Status) {
	if c.end != nil {
		c.end.Close(status == engine.StatusDone)
	}
}

// Open implements engine.Opener.
func (c *connection) Open(ctx context.Context) error {
	err := c.end.Open(ctx)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("cannot make %v: %w", c, err)
	}
	return c.blame.on(err)
}

// Whole implements engine.Producer.
func (c *connection) Whole(context.Context) error {
	err := c.end.Whole()
	if err != nil {
		err = fmt.Errorf("cannot read %v: %w", c, err)
	}
	return c.blame.on(err)
}

// Begun implements engine.Consumer.
func (c *connection) Begun(context.Context, engine.Origin) error { return nil }

// Left implements engine.Consumer.
func (c *connection) Left(context.Context) error { return nil }

// Accepts implements engine.Consumer: the peer of the connection sees the end.
func (c *connection) Accepts(context.Context) error {
	err := c.end.End()
	if err != nil {
		err = fmt.Errorf("cannot end %v: %w", c, err)
	}
	return c.blame.on(err)
}

// watched is an observer of an end that listens, of streams about a connection that is there. It is for one peer: one that gives up before
// the first leg of its stream, or goes away and does not come back, is not to be followed by another.
type watched struct {
	observe.Observer
	connection *connection
	cancel     func(error)
	patience   time.Duration // with a peer that has gone
	late       *time.Timer   // runs while it has
}

// Enabled implements observe.Observer.
func (w *watched) Enabled(level observe.Level) bool {
	return level <= observe.LevelLinks || w.Observer.Enabled(level)
}

// Observe implements observe.Observer.
func (w *watched) Observe(e observe.Event) {
	if w.Observer.Enabled(observe.LevelOf(e)) {
		w.Observer.Observe(e)
	}
	switch e := e.(type) {
	case observe.SenderFailed:
		if w.connection.there() {
			w.cancel(&engine.Error{Status: engine.StatusRemotePipe, Reason: "the sender failed: " + e.Reason})
		}
	case observe.SenderLeft, observe.ReceiverLeft:
		w.late.Reset(w.patience)
	case observe.LinkUp:
		w.late.Stop()
	}
}

// gone is called when nobody has come back in time.
func (w *watched) gone() {
	if w.connection.there() {
		w.cancel(&engine.Error{Status: engine.StatusLost, Reason: fmt.Sprintf("the peer is gone: it has not come back for %v", w.patience)})
	}
}

// guard returns what hears of the events of an end that listens, beside o.
func (c *connection) guard(o observe.Observer, dead time.Duration, cancel func(error)) observe.Observer {
	w := &watched{Observer: o, connection: c, cancel: cancel, patience: cmp.Or(dead, engine.DefaultDead)}
	if w.patience < 0 {
		w.patience = math.MaxInt64
	}
	w.late = time.AfterFunc(math.MaxInt64, w.gone)
	return w
}

// attend returns what hears of the events of a side.
func (inv *invocation) attend(s *side) observe.Observer {
	o := inv.witness(s)
	switch {
	case inv.connection.end != nil && inv.listening() != nil && inv.room == nil:
		return inv.connection.guard(o, inv.options.Dead, func(err error) { inv.herald.cancel(err) })
	case inv.exec.pty, inv.hasConsole():
		return unremarked{o}
	}
	return o
}
