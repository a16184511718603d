package run

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"viamillipede/bench/result"
	"viamillipede/engine"
)

// book gathers what goes into a file of results.
type book struct {
	file   result.File
	rounds []round
}

// newBook begins with what is known before the first round: the facts of both hosts, and all settings.
func newBook(c *Config, here, peer result.Host) *book {
	return &book{file: result.File{
		Program: "viamillipede " + c.Version, Time: time.Now().UTC().Format(time.RFC3339), Settings: c.Settings,
		Hosts: map[string]result.Host{"tx": here, "rx": peer},
	}}
}

// outputs are the requested files.
type outputs struct{ json, bench *result.Output }

// outputs opens them. The error, an *engine.Error, says which cannot be written.
func (c *Config) outputs() (o outputs, err error) {
	for _, w := range []struct {
		name string
		to   **result.Output
	}{{c.JSON, &o.json}, {c.Bench, &o.bench}} {
		if w.name == "-" {
			continue
		}
		if *w.to, err = result.Create(w.name); err != nil {
			o.discard()
			return o, fail(engine.StatusUsage, err, "the results cannot be written")
		}
	}
	return o, nil
}

// discard makes sure that no empty file is left.
func (o outputs) discard() {
	o.json.Discard()
	o.bench.Discard()
}

// write writes the requested files with the results so far. The error is an *engine.Error.
func (b *book) write(c *Config, o outputs) error {
	for _, w := range []struct {
		name  string
		to    *result.Output
		write func(result.File, io.Writer) error
		full  bool
	}{
		{c.JSON, o.json, result.File.WriteJSON, true},
		{c.Bench, o.bench, result.File.WriteText, false},
	} {
		if w.name == "" {
			continue
		}
		f := b.file
		for i := range b.rounds {
			f.Results = append(f.Results, b.rounds[i].result(w.full))
		}
		fill := func(to io.Writer) error { return w.write(f, to) }
		err := w.to.Write(fill)
		if w.name == "-" {
			err = fill(c.Out)
		}
		if err != nil {
			return fail(engine.StatusLocalPipe, err, "cannot write the results")
		}
	}
	return nil
}

// result is the round as a line of a file of results. An operation is one GiB delivered. full adds what a line for people
// or benchstat has no use for: each link, each queue, and texts.
func (r *round) result(full bool) result.Result {
	name := "Stream"
	if r.back {
		name = "StreamBack"
	}
	for _, s := range r.variant.Settings {
		name += "/" + s.Word + "=" + strings.NewReplacer("/", "_", " ", "_").Replace(s.Value)
	}
	out := result.Result{Name: fmt.Sprintf("%s-%d", name, runtime.GOMAXPROCS(0)), Values: map[string]float64{
		"MB/s": r.rate() / 1e6, "tx-MB/s": r.tx.rate() / 1e6, "tx-cpu-s/GiB": r.tx.perGiB(), "rx-cpu-s/GiB": r.rx.perGiB(),
		"tx-retransmits": float64(r.tx.Retransmits), "resent-B": float64(r.tx.Resent), "lost-links": float64(r.tx.LinksLost),
	}}
	if rate := r.rate(); rate > 0 {
		out.Values["ns/op"] = (1 << 30) / rate * 1e9
	}
	if len(r.rx.Queues) > 0 {
		out.Values["lanes"] = float64(len(r.rx.Queues))
	}
	if full {
		r.addAll(&out)
	}
	return out
}

// addAll adds what only a full result has.
func (r *round) addAll(out *result.Result) {
	out.Config = map[string]string{"round": fmt.Sprint(r.number), "tx-path": r.tx.Path, "rx-path": r.rx.Path}
	for _, s := range r.variant.Settings {
		out.Config[s.Word] = s.Value
	}
	for _, e := range []struct {
		name string
		*end
	}{{"tx", &r.tx}, {"rx", &r.rx}} {
		out.Values[e.name+"-B"] = float64(e.Bytes)
		out.Values[e.name+"-counted-B"] = float64(e.Counted)
		out.Values[e.name+"-s"] = e.Seconds
		out.Values[e.name+"-cpu-s"] = e.CPU
		for _, l := range e.Links {
			link := fmt.Sprintf("%s-link-%d", e.name, l.Index)
			out.Values[link+"-MB/s"] = l.Rate / 1e6
			out.Values[link+"-B"] = float64(l.Bytes)
			out.Values[link+"-retransmits"] = float64(l.Retransmits)
			out.Config[link] = fmt.Sprintf("%s, CPU %s, NAPI %s", l.Path, orNone(l.CPU, -1), orNone(l.NAPI, 0))
		}
		for _, q := range e.Queues {
			out.Values[e.name+"-queue-"+strings.ReplaceAll(q.Name, " ", "_")+"-B"] = float64(q.Bytes)
		}
	}
}
