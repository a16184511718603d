package run

import (
	"cmp"
	"context"
	"fmt"
	"sort"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/observe"
	"viamillipede/netio/sockstats"
)

// Stream is one end of a stream, which anybody may ask how it stands.
type Stream interface {
	Run(ctx context.Context) (observe.Summary, error)
	Snapshot() observe.Snapshot
}

// stream is one end of a stream: *engine.Sender or *engine.Receiver.
type stream interface {
	Stream
	Summary() observe.Summary
	Progress() (bytes uint64, elapsed time.Duration)
}

// meter measures one end of a stream.
type meter struct {
	words   Words
	warmup  time.Duration
	lasts   time.Duration                              // after that, stop a stream with pipes
	stop    func()                                     // ends it; nil: it ends by itself
	tell    func(bytes uint64, elapsed time.Duration)  // called now and then with the progress; nil if nobody asks
	every   time.Duration                              // how often it is looked at; 0: never
	lap     func(from, to time.Duration, bytes uint64) // called then; nil if nobody asks
	witness Witness                                    // likewise
	shown   func(s Stream) (over func())               // is given the stream while it runs; nil if nobody asks
}

// Intervals between looks at a stream: until it has a link, and after that.
const (
	lookOften = 5 * time.Millisecond
	lookMost  = time.Second
)

// mark is what an end had done and cost up to a moment.
type mark struct {
	observe.Summary
	cpu time.Duration
}

// run runs the stream to its end. What it did before the end of the warmup does not count.
func (m meter) run(ctx context.Context, s stream) (end, error) {
	type outcome struct {
		sum observe.Summary
		err error
	}
	if m.shown != nil {
		defer m.shown(s)()
	}
	from := mark{cpu: cpuTime()}
	over := make(chan outcome, 1)
	go func() {
		sum, err := s.Run(ctx)
		over <- outcome{sum, err}
	}()
	timer := time.NewTimer(lookOften)
	defer timer.Stop()
	warm := m.warmup == 0
	var lap progress
	for {
		select {
		case o := <-over:
			to := mark{o.sum, cpuTime()}
			if !warm && o.err == nil {
				o.err = fail(engine.StatusUsage, nil, "the stream ended after %.3f s, within the warmup", o.sum.Elapsed.Seconds())
			}
			e := to.since(from)
			e.witness, e.sum = m.witness, o.sum
			e.Path = m.words.enginePath(to.EnginePath)
			return e, o.err
		case <-timer.C:
		}
		bytes, elapsed := s.Progress()
		if !warm && elapsed >= m.warmup {
			cpu := cpuTime() // before asking the loops, which may be busy
			from = mark{s.Summary(), cpu}
			warm = true
		}
		if m.stop != nil && elapsed >= m.lasts {
			m.stop()
			m.stop = nil
		}
		if m.tell != nil {
			m.tell(bytes, elapsed)
		}
		if m.every > 0 && elapsed >= lap.elapsed+m.every {
			m.look(s, lap, progress{bytes, elapsed})
			lap = progress{bytes, elapsed}
		}
		timer.Reset(m.next(elapsed, lap.elapsed))
	}
}

// look tells whoever asks what a stream has done from one moment to another.
func (m meter) look(s stream, from, to progress) {
	if m.lap != nil {
		m.lap(from.elapsed, to.elapsed, to.bytes-from.bytes)
	}
	if m.witness != nil {
		m.witness.Look(s.Snapshot())
	}
}

// progress is how far a stream has come.
type progress struct {
	bytes   uint64
	elapsed time.Duration
}

// next is how long to wait before the next thing that is due; the last lap was at lap.
func (m meter) next(elapsed, lap time.Duration) time.Duration {
	if elapsed == 0 {
		return lookOften
	}
	next := lookMost
	for _, due := range []time.Duration{m.warmup, m.lasts, lap + m.every} {
		if due > elapsed {
			next = min(next, due-elapsed)
		}
	}
	return max(next, time.Millisecond)
}

// since is what was done between two moments.
func (to mark) since(from mark) end {
	e := end{
		Bytes: to.Bytes, Counted: to.Bytes - from.Bytes, Seconds: (to.Elapsed - from.Elapsed).Seconds(),
		CPU: (to.cpu - from.cpu).Seconds(), Resent: to.BytesResent - from.BytesResent, LegsResent: to.LegsResent - from.LegsResent,
		LinksLost: to.LinksLost - from.LinksLost,
	}
	before := map[int]observe.LinkSummary{}
	for _, l := range from.Links {
		before[l.Index] = l
	}
	for _, l := range to.Links {
		was := before[l.Index]
		k := link{Index: l.Index, Path: l.Path, Bytes: l.Bytes - was.Bytes, Retransmits: l.Retransmits - was.Retransmits, CPU: l.CPU, NAPI: l.NAPI}
		if e.Seconds > 0 {
			k.Rate = float64(k.Bytes) / e.Seconds
		}
		e.Retransmits += k.Retransmits
		e.Links = append(e.Links, k)
	}
	e.Queues = queues(to.Links, from.Links)
	return e
}

// queues is what came in by each receive queue since before was taken, busiest first. The kernel's counts give the queue
// of each packet; without them the queue of a link's last packet stands for everything that came in on the link.
func queues(after, before []observe.LinkSummary) []queue {
	bytes := map[string]uint64{}
	count := func(links []observe.LinkSummary, add func(name string, bytes uint64)) {
		for _, l := range links {
			known := false
			for _, f := range l.Flows {
				if f.Queue >= 0 {
					known = true
					add(queueName(f), f.Bytes)
				}
			}
			if !known && l.NAPI != 0 {
				add(fmt.Sprintf("napi/%d", l.NAPI), l.Bytes)
			}
		}
	}
	count(after, func(name string, n uint64) { bytes[name] += n })
	count(before, func(name string, n uint64) { bytes[name] -= min(n, bytes[name]) })
	var all []queue
	for name, n := range bytes {
		if n > 0 {
			all = append(all, queue{name, n})
		}
	}
	sort.Slice(all, func(i, j int) bool { // slices.SortFunc has 15 KiB of code for each struct
		return cmp.Or(cmp.Compare(all[j].Bytes, all[i].Bytes), cmp.Compare(all[i].Name, all[j].Name)) < 0
	})
	return all[:min(len(all), queueMost)]
}

// queueName is the device and its queue, as in the status table.
func queueName(f sockstats.Flow) string {
	return fmt.Sprintf("%s/%d", cmp.Or(f.Device, fmt.Sprintf("if%d", f.Interface)), f.Queue)
}
