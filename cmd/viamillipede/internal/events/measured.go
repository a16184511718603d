package events

import (
	"time"

	"viamillipede/bench/lanes"
	"viamillipede/bench/run"
	"viamillipede/cmd/viamillipede/internal/meter"
	"viamillipede/engine/observe"
)

// Measured is one end of a stream of a bench. It is a run.Witness.
type Measured struct {
	*Side
	round   run.Round
	figures *Figures
	heard   meter.Heard
	meter   *meter.Meter
	ending  func(err error) (status int, meaning string)
}

// Measured makes a teller of the stream's end, of which there are figures at intervals so long. ending says with what status an error
// ends a stream, and what that means.
func (t *Teller) Measured(of run.Round, every time.Duration, ending func(err error) (status int, meaning string)) *Measured {
	side := "rx"
	if of.Sender {
		side = "tx"
	}
	m := &Measured{Side: t.Side(side, uint64(of.Number)), round: of, ending: ending}
	m.meter = meter.New(&m.heard)
	m.figures = m.Figures(every, time.Now())
	return m
}

// Observe implements observe.Observer.
func (m *Measured) Observe(e observe.Event) {
	m.heard.Observe(e)
	m.Side.Observe(e)
}

// Look implements run.Witness.
func (m *Measured) Look(s observe.Snapshot) { m.figures.Look(s, m.meter.Read(s)) }

// End implements run.Witness.
func (m *Measured) End(sum observe.Summary, own, peer run.Figures, err error) {
	status, meaning := m.ending(err)
	e := endOf(sum, status, meaning, err)
	e.Bench = &benched{
		Round: m.round.Number, Of: m.round.Of, Configuration: m.round.Name, Back: m.round.Back, measured: measuredOf(own),
	}
	if peer.Seconds > 0 {
		theirs := measuredOf(peer)
		e.Bench.Peer = &theirs
	}
	m.tell(e)
}

func measuredOf(f run.Figures) measured {
	m := measured{Bytes: f.Bytes, Seconds: f.Seconds, CPU: f.CPU, Retransmits: f.Retransmits}
	if f.Seconds > 0 {
		m.Rate = float64(f.Bytes) / f.Seconds
	}
	return m
}

// Flows tells how far the flows of lanes are.
func (t *Teller) Flows(p lanes.Progress) {
	t.tell("tx", 0, Interval{
		Seconds: p.Elapsed.Seconds(), Bytes: p.Bytes, Rate: perSecond(p.Before, p.Bytes, p.Elapsed), Links: p.Flows, Waits: meter.Links.String(),
	})
}

// Lanes tells what lanes has measured, and with what status it ends; without a report, only that.
func (t *Teller) Lanes(r *lanes.Report, status int, meaning string, err error) {
	e := end{Status: status, Meaning: meaning, Reason: why(err), EnginePath: "flows (write, read)"}
	if r == nil {
		t.tell("tx", 0, e)
		return
	}
	l := &laneFigures{Group: r.Group, Sum: r.Sum, Jain: r.Jain, Imbalance: r.Imbalance, Efficiency: r.Efficiency, Sports: append([]uint16{}, r.Sports...)}
	for _, each := range r.Lanes {
		l.Lanes = append(l.Lanes, laneEnd{each.Device, each.Flows, each.Bytes, each.Rate, each.Alone})
	}
	for _, f := range r.Flows {
		e.Bytes += f.Bytes
	}
	e.Seconds, e.Rate, e.Lanes = r.Seconds, r.Goodput, l
	t.tell("tx", 0, e)
}

// Say tells what else the user is told, under a name that stays.
func (t *Teller) Say(side, name, text string) { t.tell(side, 0, notice{name, text}) }
