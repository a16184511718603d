package main

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"viamillipede/cmd/viamillipede/internal/events"
	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// with is the invocation of "rx" with the options changed.
func with(change func(*engine.Options)) *invocation {
	inv := defaults()
	inv.rx = direction{port: engine.DefaultPort, listens: 1}
	change(&inv.options)
	return inv
}

func TestParseOptions(t *testing.T) {
	for line, want := range map[string]*invocation{
		"rx":                        with(func(o *engine.Options) {}),
		"rx threads 1":              with(func(o *engine.Options) { o.Threads = 1 }),
		"threads 64 rx":             with(func(o *engine.Options) { o.Threads = 64 }),
		"rx checksum":               with(func(o *engine.Options) { o.Checksum = true }),
		"rx checksums":              with(func(o *engine.Options) { o.Checksum = true }),
		"rx chaos 1000000000":       with(func(o *engine.Options) { o.Chaos = 1e9 }),
		"rx checkphrase Beef":       with(func(o *engine.Options) { o.Phrase = [4]byte{'B', 'e', 'e', 'f'} }),
		"rx checkphrase prbs":       with(func(o *engine.Options) { o.Phrase = [4]byte{'p', 'r', 'b', 's'} }),
		"rx prbs 0xd00f":            with(func(o *engine.Options) { o.PRBS, o.Seed = true, 0xd00f }),
		"rx prbs 0":                 with(func(o *engine.Options) { o.PRBS = true }),
		"rx leglimit 50":            with(func(o *engine.Options) { o.LegLimit = 50 }),
		"rx delayus 1500":           with(func(o *engine.Options) { o.Delay = 1500 * time.Microsecond }),
		"rx charmode":               with(func(o *engine.Options) { o.Charmode = true }),
		"rx window 1M":              with(func(o *engine.Options) { o.Window = 1 << 20 }),
		"rx window 64g":             with(func(o *engine.Options) { o.Window = 64 << 30 }),
		"rx leg 4096":               with(func(o *engine.Options) { o.Leg = 4 << 10 }),
		"rx leg 4M":                 with(func(o *engine.Options) { o.Leg = 4 << 20 }),
		"rx giveup 0":               with(func(o *engine.Options) { o.Giveup, o.Dead = -1, -1 }),
		"rx giveup 0.0":             with(func(o *engine.Options) { o.Giveup, o.Dead = -1, -1 }),
		"rx giveup .5":              with(func(o *engine.Options) { o.Giveup, o.Dead = 500*time.Millisecond, -1 }),
		"rx giveup 86400":           with(func(o *engine.Options) { o.Giveup, o.Dead = 24*time.Hour, -1 }),
		"rx giveup 60 dead 15":      with(func(o *engine.Options) { o.Giveup, o.Dead = time.Minute, 15*time.Second }),
		"rx dead 5":                 with(func(o *engine.Options) { o.Dead = 5 * time.Second }),
		"rx dead 0":                 with(func(o *engine.Options) { o.Dead = -1 }),
		"rx connect 0.25":           with(func(o *engine.Options) { o.Connect = 250 * time.Millisecond }),
		"rx bind 198.18.0.1":        with(func(o *engine.Options) { o.Bind = netip.MustParseAddr("198.18.0.1") }),
		"rx bind ::ffff:198.18.0.1": with(func(o *engine.Options) { o.Bind = netip.MustParseAddr("198.18.0.1") }),
		"rx bind [fe80::1%eth0]":    with(func(o *engine.Options) { o.Bind = netip.MustParseAddr("fe80::1%eth0") }),
		"rx congestion system":      with(func(o *engine.Options) { o.Congestion = "system" }),
		"rx congestion cubic":       with(func(o *engine.Options) { o.Congestion = "cubic" }),
		"rx io splice":              with(func(o *engine.Options) { o.IO = "splice" }),
		"rx io auto":                with(func(o *engine.Options) {}),
		"rx sockstats on":           with(func(o *engine.Options) {}),
		"rx sockstats off":          with(func(o *engine.Options) { o.SockStats = false }),
		"rx cpus auto":              with(func(o *engine.Options) {}),
		"rx cpus off":               with(func(o *engine.Options) { o.Pin = false }),
		"rx ready port":             func() *invocation { inv := with(func(*engine.Options) {}); inv.ready = "port"; return inv }(),
		"rx 0": func() *invocation {
			inv := with(func(*engine.Options) {})
			inv.rx = direction{port: 0, listens: 1, given: true}
			return inv
		}(),
		"rx cpus 0-2,5": with(func(o *engine.Options) { o.CPUs = []int{0, 1, 2, 5} }),
	} {
		got, err := parse(strings.Fields(line))
		got.given = nil // the words themselves
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", line, got, err, want)
		}
	}
}

func TestParseCommand(t *testing.T) {
	inv, err := parse(strings.Fields("verbose 20 rx 4545 profile mem out tx localhost 4545"))
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.given = []events.Setting{
		{Word: "verbose", Args: []string{"20"}, Given: true}, {Word: "rx", Args: []string{"4545"}, Given: true},
		{Word: "profile", Args: []string{"mem", "out"}, Given: true}, {Word: "tx", Args: []string{"localhost", "4545"}, Given: true},
	}
	want.rx = direction{port: 4545, listens: 1, given: true}
	want.tx.paths = []engine.Path{{Host: "localhost", Port: 4545}}
	want.verbose, want.profile, want.profileDir = 20, "mem", "out"
	if !reflect.DeepEqual(inv, want) {
		t.Errorf("\n got %+v\nwant %+v", inv, want)
	}
}

// A bare port listens and a host dials, whoever sends.
func TestParseDirections(t *testing.T) {
	listens := func(port uint16) direction { return direction{port: port, listens: 1, given: true} }
	bare := direction{port: engine.DefaultPort, listens: 1}
	dials := func(paths ...engine.Path) direction { return direction{paths: paths} }
	for line, want := range map[string]struct{ rx, tx direction }{
		"rx":                      {rx: bare},
		"rx threads 4":            {rx: bare},
		"rx 9":                    {rx: listens(9)},
		"rx a":                    {rx: dials(engine.Path{Host: "a", Port: 8834})},
		"rx a 9":                  {rx: dials(engine.Path{Host: "a", Port: 9})},
		"rx a:9 rx [::1]:7":       {rx: dials(engine.Path{Host: "a", Port: 9}, engine.Path{Host: "::1", Port: 7})},
		"rx a 9 rx b":             {rx: dials(engine.Path{Host: "a", Port: 9}, engine.Path{Host: "b", Port: 9})},
		"rx ::1 rx [::2] 7":       {rx: dials(engine.Path{Host: "::1", Port: 7}, engine.Path{Host: "::2", Port: 7})},
		"rx a rate 1M rx b via e": {rx: dials(engine.Path{Host: "a", Port: 8834, Rate: 1 << 20}, engine.Path{Host: "b", Port: 8834, Via: engine.Via{Device: "e"}})},
		"tx 9":                    {tx: listens(9)},
		"rx 9 tx 9":               {rx: listens(9), tx: listens(9)},
		"rx tx 9":                 {rx: bare, tx: listens(9)},
		"rx a 9 tx a 9":           {rx: dials(engine.Path{Host: "a", Port: 9}), tx: dials(engine.Path{Host: "a", Port: 9})},
		"rx a 9 tx b":             {rx: dials(engine.Path{Host: "a", Port: 9}), tx: dials(engine.Path{Host: "b", Port: 8834})},
		"tx 9 rx a 8 spill never": {rx: dials(engine.Path{Host: "a", Port: 8, Spill: -1}), tx: listens(9)},
		"tx a rx 9 rate 1M":       {rx: listens(9), tx: dials(engine.Path{Host: "a", Port: 8834, Rate: 1 << 20})},
		"rx threads. 9":           {rx: dials(engine.Path{Host: "threads.", Port: 9})},
	} {
		inv, err := parse(strings.Fields(line))
		if err != nil || !reflect.DeepEqual(inv.rx, want.rx) || !reflect.DeepEqual(inv.tx, want.tx) {
			t.Errorf("%s: %+v, %v, want %+v", line, inv, err, want)
		}
	}
}

func TestParsePaths(t *testing.T) {
	for line, want := range map[string][]engine.Path{
		"tx a":       {{Host: "a", Port: 8834}},
		"tx a 1":     {{Host: "a", Port: 1}},
		"tx a 65535": {{Host: "a", Port: 65535}},
		"tx a tx b":  {{Host: "a", Port: 8834}, {Host: "b", Port: 8834}},
		"tx a 1 tx b tx c 3 tx d": {
			{Host: "a", Port: 1}, {Host: "b", Port: 1}, {Host: "c", Port: 3}, {Host: "d", Port: 3},
		},
		"tx a tx b tx c 3 tx d 4 tx e": {
			{Host: "a", Port: 3}, {Host: "b", Port: 3}, {Host: "c", Port: 3}, {Host: "d", Port: 4}, {Host: "e", Port: 4},
		},
		"rx 9 tx a":               {{Host: "a", Port: 8834}},
		"tx a threads 4 tx b 7":   {{Host: "a", Port: 7}, {Host: "b", Port: 7}},
		"tx 198.18.0.1 2":         {{Host: "198.18.0.1", Port: 2}},
		"tx ::1 2":                {{Host: "::1", Port: 2}},
		"tx [::1] 2":              {{Host: "::1", Port: 2}},
		"tx [fe80::1%eth0]":       {{Host: "fe80::1%eth0", Port: 8834}},
		"tx host1.40g.example. 2": {{Host: "host1.40g.example.", Port: 2}},
		"tx 9lives":               {{Host: "9lives", Port: 8834}},
		"tx a:1 tx b":             {{Host: "a", Port: 1}, {Host: "b", Port: 1}},
		"tx 198.18.0.1:2 rate 1M": {{Host: "198.18.0.1", Port: 2, Rate: 1 << 20}},
		"tx [::1]:2 threads 3":    {{Host: "::1", Port: 2}},
		"tx [fe80::1%eth0]:2":     {{Host: "fe80::1%eth0", Port: 2}},
		"tx ::1:2":                {{Host: "::1:2", Port: 8834}},
		"bench tx a:1 tx b 2":     {{Host: "a", Port: 1}, {Host: "b", Port: 2}},
		"tx a 1 tx a 1":           {{Host: "a", Port: 1}, {Host: "a", Port: 1}},
		"tx a via eth0":           {{Host: "a", Port: 8834, Via: engine.Via{Device: "eth0"}}},
		"tx a via eth0.100-vlan":  {{Host: "a", Port: 8834, Via: engine.Via{Device: "eth0.100-vlan"}}},
		"tx a via 198.18.0.1":     {{Host: "a", Port: 8834, Via: engine.Via{Addr: netip.MustParseAddr("198.18.0.1")}}},
		"tx a via ::ffff:1.2.3.4": {{Host: "a", Port: 8834, Via: engine.Via{Addr: netip.MustParseAddr("1.2.3.4")}}},
		"tx a via [fe80::1%eth0]": {{Host: "a", Port: 8834, Via: engine.Via{Addr: netip.MustParseAddr("fe80::1%eth0")}}},
		"tx a rate 64k":           {{Host: "a", Port: 8834, Rate: 64 << 10}},
		"tx a rate 1024G":         {{Host: "a", Port: 8834, Rate: 1 << 40}},
		"tx a 1 rate 10M threads 2 via ::1 tx b via lo rate 70000": {
			{Host: "a", Port: 1, Rate: 10 << 20, Via: engine.Via{Addr: netip.MustParseAddr("::1")}},
			{Host: "b", Port: 1, Rate: 70000, Via: engine.Via{Device: "lo"}},
		},
	} {
		inv, err := parse(strings.Fields(line))
		if err != nil || !reflect.DeepEqual(inv.tx.paths, want) {
			t.Errorf("%s: %+v, %v, want %+v", line, inv, err, want)
		}
	}
}

// A path more than there can be links is refused in one line, for each command that takes paths.
func TestParseRefusesTooManyPaths(t *testing.T) {
	for _, line := range []string{"", "bench "} {
		words := strings.Fields(line + strings.Repeat("tx h ", engine.MaxThreads))
		if _, err := parse(words); err != nil {
			t.Errorf("%s%d paths: %v", line, engine.MaxThreads, err)
		}
		_, err := parse(append(words, "tx", "h"))
		if want := "tx: expected at most 64, since each path needs a link, found 65"; err == nil || err.Error() != want {
			t.Errorf("%s65 paths: %v, want %q", line, err, want)
		}
	}
}

// TestBenchHasThePatienceOfAStream: giveup alone turns dead off, in a measurement too.
func TestBenchHasThePatienceOfAStream(t *testing.T) {
	for line, want := range map[string]time.Duration{
		"bench local":                 0,
		"bench local giveup 5":        -1,
		"bench local giveup 5 dead 7": 7 * time.Second,
	} {
		inv, err := parse(strings.Fields(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got := inv.bench.Variants[0].Options.Dead; got != want {
			t.Errorf("%s: dead is %v, want %v", line, got, want)
		}
	}
}

func TestParseRefusesHosts(t *testing.T) {
	for _, host := range []string{
		"", " ", "h:0", "h:65536", "h:", ":1", "h:1:2", "[::1]:", "[::1]:x", "1:2:3:4:5:6:7:8:8834", "threads=4", "[::1", "::1]", "[198.18.0.1]", "[h]", "[]", "198.18.0.256", "1.2.3", "-h1", ".h", "a/b",
		"a b", "a\nb", "user@h", "fe80::1%e\n0", "a\x00", strings.Repeat("a", 255), "h\xff",
	} {
		if inv, err := parse([]string{"tx", host}); err == nil {
			t.Errorf("host %q: taken as %+v", host, inv.tx.paths)
		}
	}
}

func TestParseRefusesSources(t *testing.T) {
	for _, word := range []string{
		"", " ", ".", "..", "198.18.0.256", "1.2.3", "[::1", "[eth0]", "fe80::1%", "eth0:1", "a/b", "a b", "a\tb", "a\x00",
		"sixteenbyteslong", "h\xff", "threads",
	} {
		if inv, err := parse([]string{"tx", "a", "via", word}); err == nil {
			t.Errorf("via %q: taken as %+v", word, inv.tx.paths)
		}
	}
}

func TestParseRefusesPhrases(t *testing.T) {
	for _, phrase := range []string{"", "abc", "abcde", "\x00\x00\x00\x00", "éé1"} {
		if inv, err := parse([]string{"rx", "checkphrase", phrase}); err == nil {
			t.Errorf("checkphrase %q: taken as %q", phrase, inv.options.Phrase)
		}
	}
}

func TestDefaultsAreTheEngines(t *testing.T) {
	for name, want := range map[string]string{
		"rx": "8834", "tx": "8834", "threads": "16", "verbose": "0", "window": "256M", "giveup": "3600 s", "dead": "15 s",
		"leg": "1M for tx, 4M for rx", "connect": "30 s, none where it listens", "congestion": "auto", "io": "auto", "cpus": "auto",
		"sockstats": "on",
	} {
		if k, ok := find(grammar(), name); !ok || k.initial != want {
			t.Errorf("%s: default %q, want %q", name, k.initial, want)
		}
	}
}

func TestGrammarHasNoWordTwice(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range names(grammar()) {
		if seen[name] {
			t.Errorf("%s stands in the grammar twice", name)
		}
		seen[name] = true
	}
}

// FuzzParse feeds the parser command lines, their words ended by a zero byte each, as in /proc/<pid>/cmdline: it never
// panics, every error is one printable line of engine.StatusUsage, and what is accepted is within the limits.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"rx 8834", "tx h 1 tx [::1] tx b threads 16 window 1G leg 4k", "help tx", "tx threads 16", "prbs 0xff leglimit 3",
		"tx h via eth0 rate 10M tx b rate 64k via ::1", "rx via lo", "tx h rate 1k rate 1k",
		"rx checkphrase abcd cpus 0-3,8 profile cpu d", "initiate h 3 terminate 4 delayus 9", "giveup 0.5 connect 1e9",
		"rx bind ::1%lo congestion bbr io splice chaos 7 checksums charmode verbose 20 version",
	} {
		f.Add(strings.ReplaceAll(line, " ", "\x00"))
	}
	f.Fuzz(func(t *testing.T, cmdline string) {
		inv, err := parse(strings.Split(cmdline, "\x00"))
		if err == nil {
			checkLimits(t, inv)
			return
		}
		if engine.ExitStatus(err) != engine.StatusUsage {
			t.Errorf("%q: exit status %d", cmdline, engine.ExitStatus(err))
		}
		if strings.ContainsFunc(err.Error(), unicode.IsControl) || err.Error() == "" {
			t.Errorf("%q: not one printable line: %q", cmdline, err)
		}
	})
}

func checkLimits(t *testing.T, inv *invocation) {
	t.Helper()
	if inv.question != "" {
		return
	}
	o := inv.options
	within := o.Threads >= 1 && o.Threads <= engine.MaxThreads &&
		(o.Window == 0 || o.Window >= engine.MinWindow && o.Window <= engine.MaxWindow && int64(o.Leg) <= o.Window) &&
		(o.Leg == 0 || o.Leg >= engine.MinLeg && o.Leg <= engine.MaxLeg && o.Leg%engine.MinLeg == 0) &&
		o.Giveup != 0 && o.Connect >= 0 && o.Chaos >= 0 && o.LegLimit >= 0 && o.LegLimit <= mostLegLimit && o.Delay >= 0 &&
		inv.verbose >= 0 && observe.Level(inv.verbose) <= observe.LevelCalls && (inv.rx.said() || inv.tx.said())
	for _, d := range []direction{inv.rx, inv.tx} {
		within = within && d.listens <= 1 && (d.listens == 0 || len(d.paths) == 0)
	}
	for _, p := range slices.Concat(inv.rx.paths, inv.tx.paths) {
		within = within && p.Port != 0 && p.Host != "" && len(p.Via.Device) <= longestDevice &&
			(p.Via.Device == "" || !p.Via.Addr.IsValid()) && (p.Rate == 0 || p.Rate >= leastRate && p.Rate <= mostRate)
	}
	if !within {
		t.Errorf("beyond the limits: %+v", inv)
	}
}
