package metrics

import (
	"strconv"

	"viamillipede/cmd/viamillipede/internal/meter"
	"viamillipede/engine/observe"
)

// Program is what the program is called, and speaks.
type Program struct {
	Version string
	Wire    int
}

// End is how one end of a stream stands.
type End struct {
	Side     string // "tx" or "rx"
	Number   int    // of the stream, where there are many; 0: there is one
	Size     uint64 // bytes of the stream; 0: not known
	Snapshot observe.Snapshot
}

// Text is what a scrape gets.
func Text(p Program, ends []End) string {
	info := &family{name: "viamillipede_build_info", kind: "gauge", help: "The program that answers; always 1."}
	info.add(1, "version", p.Version, "wire", strconv.Itoa(p.Wire))
	families := []*family{info}
	families = append(families, streams(ends)...)
	return text(append(families, paths(ends)...))
}

// labels tell the end from others.
func (e End) labels(more ...string) []string {
	all := append([]string{"side", e.Side}, more...)
	if e.Number > 0 {
		all = append(all, "stream", strconv.Itoa(e.Number))
	}
	return all
}

// each makes a family with a sample for each end of which there is a value.
func each(ends []End, name, kind, help string, value func(e End) (v float64, known bool)) *family {
	f := &family{name: name, kind: kind, help: help}
	for _, e := range ends {
		if v, known := value(e); known {
			f.add(v, e.labels()...)
		}
	}
	return f
}

// always is a value that every end has.
func always(value func(s observe.Summary) float64) func(End) (float64, bool) {
	return func(e End) (float64, bool) { return value(e.Snapshot.Summary), true }
}

// sent is a value that a sender has.
func sent(value func(s observe.Summary) float64) func(End) (float64, bool) {
	return func(e End) (float64, bool) { return value(e.Snapshot.Summary), e.Snapshot.Summary.Sender }
}

// coding is a value of an end that has a sidechain.
func coding(e End, value func(c observe.CodingSummary) float64) (float64, bool) {
	if c := e.Snapshot.Summary.Coding; c != nil {
		return value(*c), true
	}
	return 0, false
}

// streams are the figures of whole streams.
func streams(ends []End) []*family {
	const counter, gauge = "counter", "gauge"
	families := []*family{
		each(ends, "viamillipede_bytes_total", counter, "Bytes read from the source, or written to the sink.",
			always(func(s observe.Summary) float64 { return float64(s.Bytes) })),
		each(ends, "viamillipede_unsent_bytes_total", counter, "Of these, bytes that were not sent: holes, and what the receiver had.",
			always(func(s observe.Summary) float64 { return float64(s.Unsent) })),
		each(ends, "viamillipede_coded_bytes_total", counter, "What bytes of the stream became in a sidechain.",
			func(e End) (float64, bool) {
				return coding(e, func(c observe.CodingSummary) float64 { return float64(c.Coded) })
			}),
		each(ends, "viamillipede_coding_seconds_total", counter, "CPU time of a sidechain.",
			func(e End) (float64, bool) {
				return coding(e, func(c observe.CodingSummary) float64 { return c.CPU.Seconds() })
			}),
		each(ends, "viamillipede_size_bytes", gauge, "Length of the stream, where that is known.",
			func(e End) (float64, bool) { return float64(e.Size), e.Size > 0 }),
		each(ends, "viamillipede_elapsed_seconds", gauge, "Time since the first link.",
			always(func(s observe.Summary) float64 { return s.Elapsed.Seconds() })),
		each(ends, "viamillipede_links_lost_total", counter, "Links that were lost.",
			always(func(s observe.Summary) float64 { return float64(s.LinksLost) })),
		each(ends, "viamillipede_refused_total", counter, "Strangers that were refused.",
			always(func(s observe.Summary) float64 { return float64(s.Refused) })),
		each(ends, "viamillipede_resent_legs_total", counter, "Legs that were sent again.",
			sent(func(s observe.Summary) float64 { return float64(s.LegsResent) })),
		each(ends, "viamillipede_resent_bytes_total", counter, "Bytes that were sent again.",
			sent(func(s observe.Summary) float64 { return float64(s.BytesResent) })),
		each(ends, "viamillipede_window_full_seconds_total", counter, "Time in which the window, and nothing else, held the stream back.",
			sent(func(s observe.Summary) float64 { return s.WindowFull.Seconds() })),
		each(ends, "viamillipede_window_kept_bytes", gauge, "Bytes sent and not yet received by the peer.",
			func(e End) (float64, bool) {
				w := e.Snapshot.Window
				return ifKnown(w, func() float64 { return float64(w.Kept) })
			}),
		each(ends, "viamillipede_window_limit_bytes", gauge, "The most that the window keeps.",
			func(e End) (float64, bool) {
				w := e.Snapshot.Window
				return ifKnown(w, func() float64 { return float64(w.Limit) })
			}),
		each(ends, "viamillipede_ring_legs", gauge, "Legs received that wait for their turn.",
			func(e End) (float64, bool) {
				r := e.Snapshot.Ring
				return ifKnown(r, func() float64 { return float64(r.Depth) })
			}),
	}
	return append(families, states(ends)...)
}

// ifKnown is a value of something that there may not be.
func ifKnown[T any](of *T, value func() float64) (float64, bool) {
	if of == nil {
		return 0, false
	}
	return value(), true
}

// states are the families of links and of what is waited for, with a sample for each state.
func states(ends []End) []*family {
	links := &family{name: "viamillipede_links", kind: "gauge", help: "Links, by their state."}
	waits := &family{name: "viamillipede_waiting", kind: "gauge", help: "What the stream waits for: 1, and 0 for the rest."}
	names := map[observe.State]string{
		observe.StateDialling: "dialling", observe.StateUp: "up", observe.StateStalled: "stalled", observe.StateDown: "down",
	}
	for _, e := range ends {
		count := map[observe.State]int{}
		for _, l := range e.Snapshot.Links {
			count[l.State]++
		}
		for s := observe.StateDialling; s <= observe.StateDown; s++ {
			links.add(float64(count[s]), e.labels("state", names[s])...)
		}
		place := meter.Waits(e.Snapshot)
		for p := meter.Source; p <= meter.Sink; p++ {
			value := 0.0
			if p == place {
				value = 1
			}
			waits.add(value, e.labels("for", p.String())...)
		}
	}
	return []*family{links, waits}
}

// paths are the figures of each path, at an end that knows them.
func paths(ends []End) []*family {
	links := &family{name: "viamillipede_path_links", kind: "gauge", help: "Links that are up on the path."}
	bytes := &family{name: "viamillipede_path_bytes_total", kind: "counter", help: "Bytes of legs sent on the path, those sent again included."}
	lost := &family{name: "viamillipede_path_links_lost_total", kind: "counter", help: "Links that the path has lost."}
	trip := &family{name: "viamillipede_path_round_trip_seconds", kind: "gauge", help: "Smoothed round trip of the path, as last seen."}
	from := &family{name: "viamillipede_path_rescued_from_legs_total", kind: "counter", help: "Legs that were late on the path and went by another link too."}
	to := &family{name: "viamillipede_path_rescued_to_legs_total", kind: "counter", help: "Legs that were late elsewhere and went by the path too."}
	for _, e := range ends {
		for i, p := range e.Snapshot.Summary.Paths {
			labels := e.labels("path", p.Name, "order", strconv.Itoa(i))
			links.add(float64(p.Links), labels...)
			bytes.add(float64(p.Bytes), labels...)
			lost.add(float64(p.LinksLost), labels...)
			trip.add(p.RTT.Seconds(), labels...)
			if e.Snapshot.Summary.Sender {
				from.add(float64(p.RescuedFrom), labels...)
				to.add(float64(p.RescuedTo), labels...)
			}
		}
	}
	return []*family{links, bytes, lost, trip, from, to}
}
