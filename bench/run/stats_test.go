package run

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"viamillipede/engine/observe"
	"viamillipede/netio/sockstats"
)

func TestFigureOf(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   figure
	}{
		{nil, figure{}},
		{[]float64{0, 0}, figure{}},
		{[]float64{4}, figure{4, 0}},
		{[]float64{9, 11, 10}, figure{10, 0.2}},
		{[]float64{8, 12}, figure{10, 0.4}},
	} {
		if got := figureOf(c.values); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.values, got, c.want)
		}
	}
}

// Every variant has a round in every turn, and a turn begins with each of them once.
func TestOrder(t *testing.T) {
	var firsts []int
	for turn := range 3 {
		o := order(3, turn)
		firsts = append(firsts, o[0])
		slices.Sort(o)
		if !slices.Equal(o, []int{0, 1, 2}) {
			t.Errorf("turn %d: %v", turn, o)
		}
	}
	if !slices.Equal(firsts, []int{0, 1, 2}) {
		t.Errorf("the first ones are %v", firsts)
	}
}

// fixture is a round of the given variant and rate, in bytes a second.
func fixture(n int, name string, rate float64) round {
	e := end{Bytes: 3 << 30, Counted: uint64(2 * rate), Seconds: 2, CPU: 0.5, Path: "copy",
		Links:  []link{{Index: 0, Path: "198.18.0.2:8835", Bytes: uint64(2 * rate), Rate: rate, CPU: 1}},
		Queues: []queue{{"eth0/1", 300}, {"eth0/0", 100}}}
	r := round{number: n, of: 3, name: name, variant: &Variant{}, tx: e, rx: e}
	r.tx.Counted = uint64(2.02 * rate)
	r.tx.Retransmits, r.tx.Resent = 7, 1234567
	return r
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	p := newPrinter(&Config{Out: &out, Err: &bytes.Buffer{}})
	rounds := []round{fixture(1, "threads=1", 1e9), fixture(2, "threads=4", 2e9), fixture(3, "threads=1", 1.1e9)}
	for _, r := range rounds {
		p.begin(r.number, r.of, r.name)
		p.row(r)
	}
	p.summary(rounds)
	const want = `
round  configuration                     MB/s  differ  tx s/GiB  rx s/GiB  retrans     resent  lanes
    1  threads=1                       1000.0  +1.0 %     0.266     0.268        7     1.2 MB      2
    2  threads=4                       2000.0  +1.0 %     0.133     0.134        7     1.2 MB      2
    3  threads=1                       1100.0  +1.0 %     0.242     0.244        7     1.2 MB      2

median, and the spread (highest minus lowest) as a percentage of it:
 runs  configuration                     MB/s  spread  tx s/GiB  spread  rx s/GiB  spread  retrans
    2  threads=1                       1050.0   9.5 %     0.254   9.5 %     0.256   9.5 %        7
    1  threads=4                       2000.0   0.0 %     0.133   0.0 %     0.134   0.0 %        7
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("got:%s\nwant:%s", got, want)
	}
}

// Whatever is printed fits into 100 columns, names that are too long for theirs too.
func TestTableFits(t *testing.T) {
	var out bytes.Buffer
	p := newPrinter(&Config{Out: &out, Err: &bytes.Buffer{}, Verbose: 2})
	long := strings.TrimSpace(strings.Repeat("congestion=reno ", 3))
	r := fixture(99999, long, 99e9)
	r.rx.Path = strings.TrimSpace(strings.Repeat("many words ", 20))
	r.tx.Links[0].Path = "[2001:db8:1111:2222:3333:4444:5555:6666]:8835"
	p.row(r)
	p.row(r)
	p.summary([]round{r})
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > lineMost {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if got := out.String(); strings.Count(got, "#1 is "+long) != 1 || strings.Count(got, "  #1  ") != 3 {
		t.Errorf("the long name is not told once and used by its number:\n%s", got)
	}
}

// What was done before the end of the warmup does not count, of links and queues either.
func TestSince(t *testing.T) {
	flow := func(queue int, bytes uint64) sockstats.Flow {
		return sockstats.Flow{Device: "eth0", Queue: queue, Bytes: bytes}
	}
	from := mark{observe.Summary{Bytes: 100, Elapsed: time.Second, BytesResent: 5, Links: []observe.LinkSummary{
		{Index: 0, Bytes: 100, Retransmits: 3, Flows: []sockstats.Flow{flow(0, 40), flow(1, 60)}},
	}}, time.Second}
	to := mark{observe.Summary{Bytes: 500, Elapsed: 3 * time.Second, BytesResent: 6, Links: []observe.LinkSummary{
		{Index: 0, Bytes: 300, Retransmits: 4, Flows: []sockstats.Flow{flow(0, 140), flow(1, 160)}},
		{Index: 2, Bytes: 200, NAPI: 77},
	}}, 2 * time.Second}
	e := to.since(from)
	if e.Bytes != 500 || e.Counted != 400 || e.Seconds != 2 || e.CPU != 1 || e.Resent != 1 || e.Retransmits != 1 || e.rate() != 200 {
		t.Errorf("%+v", e)
	}
	if len(e.Links) != 2 || e.Links[0].Bytes != 200 || e.Links[0].Rate != 100 || e.Links[1].Bytes != 200 {
		t.Errorf("links %+v", e.Links)
	}
	want := []queue{{"napi/77", 200}, {"eth0/0", 100}, {"eth0/1", 100}}
	if !slices.Equal(e.Queues, want) {
		t.Errorf("queues %+v, want %+v", e.Queues, want)
	}
}

func TestResult(t *testing.T) {
	r := fixture(2, "threads=4 leg=1M", 1<<30)
	r.variant = &Variant{Settings: []Setting{{"threads", "4"}, {"leg", "1M"}}}
	got := r.result(false)
	if !strings.HasPrefix(got.Name, "Stream/threads=4/leg=1M-") || got.Config != nil {
		t.Errorf("%+v", got)
	}
	for unit, want := range map[string]float64{
		"MB/s": 1073.741824, "ns/op": 1e9, "rx-cpu-s/GiB": 0.25, "tx-retransmits": 7, "lanes": 2,
	} {
		if math.Abs(got.Values[unit]-want) > 1e-6*want {
			t.Errorf("%s: %v, want %v", unit, got.Values[unit], want)
		}
	}
	full := r.result(true)
	if full.Config["threads"] != "4" || full.Config["round"] != "2" || full.Values["rx-queue-eth0/1-B"] != 300 || full.Values["tx-link-0-MB/s"] == 0 {
		t.Errorf("%+v", full)
	}
}

// A stream that costs nothing, or has no bytes, has no figure that is no number.
func TestNothing(t *testing.T) {
	var e end
	r := round{variant: &Variant{}}
	text := fmt.Sprint(e.rate(), e.perGiB(), r.differs(), r.result(true).Values)
	if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Error(text)
	}
}
