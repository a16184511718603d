package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"viamillipede/bench/result"
	"viamillipede/engine"
	"viamillipede/engine/observe"
	"viamillipede/engine/wire"
)

// message is one message of the control connection: exactly one part is set.
type message struct {
	Host   *result.Host `json:"host,omitempty"`   // the first one, of both: what machine this is
	Ask    *ask         `json:"ask,omitempty"`    // tx: asks for a round
	Ready  *ready       `json:"ready,omitempty"`  // rx: it may begin
	Report *end         `json:"report,omitempty"` // both: what was measured
	Wait   *wait        `json:"wait,omitempty"`   // rx: others are served first; it says ready when the turn has come
	Fault  *fault       `json:"fault,omitempty"`  // both: why there is no more
}

// wait says that a turn will come.
type wait struct{}

// ask describes the round that tx wants.
type ask struct {
	Number     int     `json:"number"` // of the round, from 1
	Of         int     `json:"of"`     // how many there will be
	Name       string  `json:"name"`   // of the variant
	Seconds    float64 `json:"seconds"`
	Warmup     float64 `json:"warmup"`
	Pipes      bool    `json:"pipes"`
	Both       bool    `json:"both"`
	PRBS       bool    `json:"prbs"`
	Seed       uint64  `json:"seed,string"`
	Threads    int     `json:"threads"`
	Window     int64   `json:"window"`
	IO         string  `json:"io"`
	Congestion string  `json:"congestion"`
	SockStats  bool    `json:"sockstats"`
}

// ready says where the receiver listens.
type ready struct {
	Port uint16 `json:"port"`
}

// fault is an error for the other end.
type fault struct {
	Status int    `json:"status"`
	Text   string `json:"text"`
}

// end is what one end of a stream measured.
type end struct {
	Bytes       uint64  `json:"bytes"`   // of the whole stream
	Counted     uint64  `json:"counted"` // those that came after the warmup
	Seconds     float64 `json:"seconds"` // that these took
	CPU         float64 `json:"cpu"`     // seconds of CPU meanwhile, user and system, of the process
	Retransmits uint64  `json:"retransmits"`
	Resent      uint64  `json:"resent"` // bytes of legs sent again; unknown to a receiver
	LegsResent  uint64  `json:"legs_resent"`
	LinksLost   uint64  `json:"links_lost"`
	Path        string  `json:"path"` // the engine's
	Links       []link  `json:"links"`
	Queues      []queue `json:"queues"`
	Error       *fault  `json:"error,omitempty"`
	Back        *end    `json:"back,omitempty"` // what the same process measured of the stream that goes back

	witness Witness // who watched it; nil: nobody
	sum     observe.Summary
}

// link is what one link has done after the warmup.
type link struct {
	Index       int     `json:"index"`
	Path        string  `json:"path"`
	Bytes       uint64  `json:"bytes"`
	Rate        float64 `json:"rate"` // bytes a second
	Retransmits uint64  `json:"retransmits"`
	CPU         int     `json:"cpu"`  // that last handled its packets; -1 if not known
	NAPI        int     `json:"napi"` // 0 if none
}

// queue is a receive queue by which packets of the stream came in.
type queue struct {
	Name  string `json:"name"`
	Bytes uint64 `json:"bytes"`
}

// Bounds on what a peer may report.
const (
	textMost  = 300 // bytes of a text to show
	queueMost = 1024
	longest   = 1e9 // seconds
)

// parseMessage parses a message and makes its texts for people safe for a terminal. The error is errMessage.
func parseMessage(text []byte) (message, error) {
	var m message
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&m); err != nil {
		return message{}, fmt.Errorf("%w: %v", errMessage, err)
	}
	parts := 0
	for _, there := range []bool{m.Host != nil, m.Ask != nil, m.Ready != nil, m.Report != nil, m.Wait != nil, m.Fault != nil} {
		if there {
			parts++
		}
	}
	if parts != 1 {
		return message{}, fmt.Errorf("%w: it has %d parts, expected one", errMessage, parts)
	}
	return m, m.check()
}

func (m message) check() error {
	switch {
	case m.Ask != nil:
		return m.Ask.check()
	case m.Ready != nil && m.Ready.Port == 0:
		return fmt.Errorf("%w: no port", errMessage)
	case m.Report != nil:
		return m.Report.check()
	case m.Fault != nil:
		m.Fault.Text = clean(m.Fault.Text)
	}
	return nil
}

func (a *ask) check() error {
	a.Name = clean(a.Name)
	if !within(a.Seconds, longest) || !within(a.Warmup, longest) || a.Seconds == 0 {
		return fmt.Errorf("%w: a round of %v and %v s", errMessage, a.Warmup, a.Seconds)
	}
	return nil // the engine checks the rest
}

func (e *end) check() error {
	if len(e.Links) > engine.MaxThreads || len(e.Queues) > queueMost {
		return fmt.Errorf("%w: %d links, %d queues", errMessage, len(e.Links), len(e.Queues))
	}
	if !within(e.Seconds, longest) || !within(e.CPU, longest*1e6) || e.Counted > e.Bytes {
		return fmt.Errorf("%w: %d of %d bytes in %v s", errMessage, e.Counted, e.Bytes, e.Seconds)
	}
	e.Path = clean(e.Path)
	for i := range e.Links {
		e.Links[i].Path = clean(e.Links[i].Path)
		if !within(e.Links[i].Rate, math.MaxFloat64) {
			return fmt.Errorf("%w: a rate of %v", errMessage, e.Links[i].Rate)
		}
	}
	for i := range e.Queues {
		e.Queues[i].Name = clean(e.Queues[i].Name)
	}
	if e.Error != nil {
		e.Error.Text = clean(e.Error.Text)
	}
	switch {
	case e.Back == nil:
		return nil
	case e.Back.Back != nil:
		return fmt.Errorf("%w: a way back of a way back", errMessage)
	}
	return e.Back.check()
}

// within reports whether f is a number from 0 to most.
func within(f, most float64) bool { return f >= 0 && f <= most }

// clean makes a peer's text one printable line of bounded length.
func clean(s string) string { return strings.TrimSpace(wire.Printable(s[:min(len(s), textMost)])) }

// rate is in bytes a second.
func (e *end) rate() float64 {
	if e.Seconds == 0 {
		return 0
	}
	return float64(e.Counted) / e.Seconds
}

// perGiB is the CPU time per GiB, in seconds.
func (e *end) perGiB() float64 {
	if e.Counted == 0 {
		return 0
	}
	return e.CPU / (float64(e.Counted) / (1 << 30))
}

func faultOf(err error) *fault {
	if err == nil {
		return nil
	}
	return &fault{int(engine.ExitStatus(err)), err.Error()}
}

// newAsk asks for a round of a variant.
func newAsk(c *Config, v *Variant, number, of int) *ask {
	o := &v.Options
	return &ask{
		Number: number, Of: of, Name: v.Name(), Seconds: c.Length.Seconds(), Warmup: c.Warmup.Seconds(), Pipes: c.Pipes, Both: c.Both,
		PRBS: o.PRBS, Seed: o.Seed, Threads: o.Threads, Window: o.Window, IO: o.IO, Congestion: o.Congestion, SockStats: o.SockStats,
	}
}

// options are a receiver's options for the round: its own or, if it has none, its sender's; but a sender that it does not
// trust gets no larger window than rx's default.
func (a *ask) options(c *Config) engine.Options {
	o := c.Options
	o.PRBS, o.Seed = a.PRBS, a.Seed
	if !c.Own.Threads {
		o.Threads = a.Threads
	}
	if !c.Own.Window {
		if o.Window = a.Window; !c.trusts {
			o.Window = min(a.Window, c.Options.Means.Window())
		}
	}
	if !c.Own.IO {
		o.IO = a.IO
	}
	if !c.Own.Congestion {
		o.Congestion = a.Congestion
	}
	if !c.Own.SockStats {
		o.SockStats = a.SockStats
	}
	return o
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
