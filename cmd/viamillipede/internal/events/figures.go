package events

import (
	"os"
	"runtime"
	"time"

	"viamillipede/cmd/viamillipede/internal/meter"
	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine/observe"
)

// Program is what the program is called, and speaks.
type Program struct {
	Version string
	Wire    int
}

// Begin is the beginning of this program, with these settings.
func Begin(p Program, settings []Setting) Beginning {
	host, _ := os.Hostname() // "": it is not known
	return Beginning{
		Program: "viamillipede", Version: p.Version, Wire: p.Wire, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		CPUs: runtime.NumCPU(), Host: host, PID: os.Getpid(), Settings: settings,
	}
}

// Start tells that the program begins.
func (t *Teller) Start(b Beginning) { t.tell("", 0, b) }

// Exit tells how the program ends. reason is why no end of a stream began; "": one did.
func (t *Teller) Exit(status int, meaning, reason string) {
	t.tell("", 0, exit{status, meaning, reason})
}

// End tells what the end did, and how it ended; err is nil if the stream was delivered.
func (s *Side) End(sum observe.Summary, status int, meaning string, err error) {
	s.tell(endOf(sum, status, meaning, err))
}

// endOf is the record of an end.
func endOf(sum observe.Summary, status int, meaning string, err error) end {
	e := end{
		Status: status, Meaning: meaning, Reason: why(err), Bytes: sum.Bytes, Unsent: sum.Unsent, PeerBytes: sum.PeerBytes,
		Seconds: sum.Elapsed.Seconds(), Rate: float64(sum.Rate()), Lost: sum.LinksLost, Cut: sum.Cuts, ResentLegs: sum.LegsResent,
		Resent: sum.BytesResent, Refused: sum.Refused, EnginePath: words.EnginePath(sum.EnginePath),
	}
	if sum.PeerBytes != nil {
		less := int64(sum.Bytes - *sum.PeerBytes)
		e.Difference = &less
	}
	e.Sidechain = CodedOf(sum.Coding)
	for i, p := range sum.Paths {
		e.Paths = append(e.Paths, pathEnd{p.Name, i, p.LinksLost, p.Bytes, float64(p.Rate), p.NeverUp, why(p.Last)})
	}
	return e
}

// CodedOf is what to tell of a sidechain; nil: there is none.
func CodedOf(c *observe.CodingSummary) *Coded {
	if c == nil {
		return nil
	}
	return &Coded{c.Chain, c.Raw, c.Coded, c.CPU.Seconds()}
}

// Absent tells that a path, given by its order, has had no link since then, and Back that it has one again.
func (s *Side) Absent(order int, p observe.PathStatus, since time.Time) {
	s.tell(path{Path: p.Name, Order: &order, State: "absent", Reason: why(p.Last), Since: stamp(since)})
}

// Back is described at Absent.
func (s *Side) Back(order int, p observe.PathStatus, since time.Time) {
	s.tell(path{Path: p.Name, Order: &order, State: "back", Since: stamp(since)})
}

// stallFor is how long nothing has to move until a stall is told of.
const stallFor = 3 * time.Second

// Figures tells how the end stands, now and then. It belongs to one goroutine.
type Figures struct {
	side   *Side
	every  time.Duration
	last   observe.Snapshot // of the last interval; its Time is when the next one began
	still  time.Duration    // of the stall that was told of; 0: none was
	waited meter.Place      // what for
}

// Figures makes one that tells of intervals so long, which begin now.
func (s *Side) Figures(every time.Duration, now time.Time) *Figures {
	return &Figures{side: s, every: every, last: observe.Snapshot{Time: now}}
}

// Look tells what there is to tell of a snapshot and what was made of it. Call it more often than there are intervals.
func (f *Figures) Look(s observe.Snapshot, v meter.View) {
	if s.Ended {
		return
	}
	f.tellStall(v)
	if s.Time.Sub(f.last.Time) >= f.every-lookEarly {
		f.side.tell(IntervalOf(f.last, s, v))
		f.last = s
	}
}

// lookEarly is how much too early a look may come: clocks are not that exact.
const lookEarly = 20 * time.Millisecond

func (f *Figures) tellStall(v meter.View) {
	switch {
	case !v.Met:
	case v.Still >= stallFor && f.still == 0:
		f.side.tell(stall{"begins", v.Waits.String(), v.Still.Seconds()})
		f.still, f.waited = v.Still, v.Waits
	case v.Still >= stallFor:
		f.still = v.Still
	case f.still > 0:
		f.side.tell(stall{"ends", f.waited.String(), f.still.Seconds()})
		f.still = 0
	}
}

// IntervalOf is what there is to tell of the time between two snapshots, and of what was made of the second one.
func IntervalOf(before, s observe.Snapshot, v meter.View) Interval {
	sent := func(s observe.Summary) uint64 { return s.Bytes - min(s.Unsent, s.Bytes) }
	took := s.Time.Sub(before.Time)
	i := Interval{
		Seconds: took.Seconds(), Bytes: s.Summary.Bytes, Unsent: s.Summary.Unsent, Links: v.Links, Lost: s.Summary.LinksLost,
		Rate: perSecond(sent(before.Summary), sent(s.Summary), took), Resent: s.Summary.BytesResent, Waits: v.Waits.String(),
	}
	if !v.Comparing {
		i.Of = v.Of
	}
	for n, p := range s.Paths {
		var bytes uint64
		if n < len(before.Paths) {
			bytes = before.Paths[n].Bytes
		}
		i.Paths = append(i.Paths, PathInterval{p.Name, n, stateOf(p), p.Links, p.LinksLost, p.Bytes, perSecond(bytes, p.Bytes, took), p.Limit, p.RTT.Seconds()})
	}
	return i
}

// stateOf is whether a path can carry something.
func stateOf(p observe.PathStatus) string {
	switch {
	case p.Off:
		return "off"
	case p.Links > 0:
		return "up"
	}
	return "down"
}

// perSecond is a rate; what has become less, because the peer is another one, is none.
func perSecond(before, after uint64, took time.Duration) float64 {
	if after < before {
		return 0
	}
	return float64(observe.PerSecond(after-before, took))
}
