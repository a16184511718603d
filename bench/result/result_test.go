package result

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// whole uses every field.
func whole() File {
	return File{
		Program:  "viamillipede v1.2, wire version 2",
		Time:     "2026-11-25T15:04:05Z",
		Settings: map[string]string{"bytes": "2147483648", "L3 cache": "32 M", "program": "a name of ours", "order": "in turn"},
		Hosts: map[string]Host{
			"tx": {Kernel: "6.18.0", Processor: "Fast One", CPUs: 2, Memory: 25 << 30, Go: "go1.26.0", Congestion: "cubic",
				NIC: "eth0", Driver: "ice", Facts: map[string]string{"RX ring": "4096", "mtu": "9000"}},
			"rx": {Kernel: "6.12.1", CPUs: 64},
		},
		Results: []Result{
			{Name: "Stream/threads=16/io=auto-2", Values: map[string]float64{"MB/s": 3150.5, "tx-cpu-s/GiB": 0.08}},
			{Name: "Stream/threads=16/io=auto-2", Values: map[string]float64{"MB/s": 1e21, "ns/op": 12},
				Config: map[string]string{"attempt": "2", "order": "", "bytes": "7"}},
			{Name: "Stream/threads=16/io=auto-2", Values: map[string]float64{"MB/s": 0}, Config: map[string]string{"attempt": "3"}},
			{Name: "Life", Values: map[string]float64{"s": 0.25}},
		},
	}
}

func write(t *testing.T, form func(File, *bytes.Buffer) error, f File) string {
	t.Helper()
	var b bytes.Buffer
	if err := form(f, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func asJSON(f File, b *bytes.Buffer) error { return f.WriteJSON(b) }
func asText(f File, b *bytes.Buffer) error { return f.WriteText(b) }

func TestRoundTrip(t *testing.T) {
	for _, form := range []func(File, *bytes.Buffer) error{asJSON, asText} {
		for _, f := range []File{whole(), {Results: whole().Results[2:]}, {Program: "x", Results: whole().Results[2:]}} {
			text := write(t, form, f)
			name := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Read(name)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if !reflect.DeepEqual(got, f) {
				t.Errorf("written\n%s\nread %+v", text, got)
			}
		}
	}
}

// The text is what others are told that it is.
func TestText(t *testing.T) {
	want := `program: viamillipede v1.2, wire version 2
time: 2026-11-25T15:04:05Z
bytes: 2147483648
order: in turn
setting/%4c3%20cache: 32 M
setting/program: a name of ours
host/rx/cpus: 64
host/rx/kernel: 6.12.1
host/tx/congestion: cubic
host/tx/cpus: 2
host/tx/driver: ice
host/tx/fact/%52%58%20ring: 4096
host/tx/fact/mtu: 9000
host/tx/go: go1.26.0
host/tx/kernel: 6.18.0
host/tx/memory: 26843545600
host/tx/nic: eth0
host/tx/processor: Fast One

BenchmarkStream/threads=16/io=auto-2 1 3150.5 MB/s 0.08 tx-cpu-s/GiB
attempt: 2
bytes: 7
order:
BenchmarkStream/threads=16/io=auto-2 1 1e+21 MB/s 12 ns/op
bytes: 2147483648
order: in turn
attempt: 3
BenchmarkStream/threads=16/io=auto-2 1 0 MB/s
attempt:
BenchmarkLife 1 0.25 s
`
	if got := write(t, asText, whole()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The names in JSON are a promise.
func TestJSON(t *testing.T) {
	f := whole()
	f.Results, f.Settings = f.Results[2:3], map[string]string{"bytes": "1"}
	f.Hosts = map[string]Host{"tx": f.Hosts["tx"]}
	want := `{
  "program": "viamillipede v1.2, wire version 2",
  "time": "2026-11-25T15:04:05Z",
  "settings": {
    "bytes": "1"
  },
  "hosts": {
    "tx": {
      "kernel": "6.18.0",
      "processor": "Fast One",
      "cpus": 2,
      "memory": 26843545600,
      "go": "go1.26.0",
      "congestion": "cubic",
      "nic": "eth0",
      "driver": "ice",
      "facts": {
        "RX ring": "4096",
        "mtu": "9000"
      }
    }
  },
  "results": [
    {
      "name": "Stream/threads=16/io=auto-2",
      "config": {
        "attempt": "3"
      },
      "values": {
        "MB/s": 0
      }
    }
  ]
}
`
	if got := write(t, asJSON, f); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// ofGo is what "go test -bench" prints.
const ofGo = `goos: linux
goarch: amd64
pkg: viamillipede/engine/ring
cpu: Fast One
BenchmarkPut
BenchmarkPut-2   	 9999	     120.5 ns/op	 512.00 MB/s	      16 B/op	       1 allocs/op
PASS
ok  	viamillipede/engine/ring	1.2s
pkg: viamillipede/engine/wire
BenchmarkHello-2 	 100	 7 ns/op
PASS
`

func TestForeignText(t *testing.T) {
	got, err := parse([]byte(ofGo))
	if err != nil {
		t.Fatal(err)
	}
	want := File{
		Settings: map[string]string{"goos": "linux", "goarch": "amd64", "pkg": "viamillipede/engine/ring", "cpu": "Fast One"},
		Results: []Result{
			{Name: "Put-2", Values: map[string]float64{"ns/op": 120.5, "MB/s": 512, "B/op": 16, "allocs/op": 1}},
			{Name: "Hello-2", Values: map[string]float64{"ns/op": 7}, Config: map[string]string{"pkg": "viamillipede/engine/wire"}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

// bad are files that are refused, and why.
var bad = []struct{ text, want string }{
	{`{"results": [`, "unexpected EOF"},
	{`{"results": []} {}`, "more after the end"},
	{`{"results": [{"name": "A B", "values": {"s": 1}}]}`, "name without white space"},
	{`{"results": [{"name": "", "values": {"s": 1}}]}`, "name without white space"},
	{`{"results": [{"name": "A", "values": {"": 1}}]}`, "unit without white space"},
	{`{"results": [{"name": "A"}]}`, "expected values"},
	{"BenchmarkA 1 NaN s\n", "finite"},
	{"BenchmarkA 1 5 s 6 s\n", "two values"},
	{"x: y\n\nBenchmarkA one\n", "line 3: "},
	{"host/tx/cpus: two\n", "host/tx/cpus"},
	{"setting/%4: two\n", "two digits"},
	{"setting/%zz: two\n", "two digits"},
}

func TestBadFiles(t *testing.T) {
	for _, c := range bad {
		if f, err := parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, %+v; want %q", c.text, err, f, c.want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := whole().WriteJSON(broken{}); err == nil {
		t.Error("JSON into what cannot be written")
	}
	if err := whole().WriteText(broken{}); err == nil {
		t.Error("text into what cannot be written")
	}
	if err := (File{Results: []Result{{Name: "A B"}}}).WriteText(&bytes.Buffer{}); err == nil {
		t.Error("a name of two words was written")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrInvalid }

// FuzzRead has every file that is read come out of both forms as it went in.
func FuzzRead(f *testing.F) {
	f.Add([]byte(ofGo))
	for _, c := range bad {
		f.Add([]byte(c.text))
	}
	for _, form := range []func(File, *bytes.Buffer) error{asJSON, asText} {
		var b bytes.Buffer
		if err := form(whole(), &b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := parse(text)
		if err != nil || len(text) > 16<<10 { // a line of text has 64 KiB at most, and escapes lengthen it
			return
		}
		again, err := parse([]byte(write(t, asJSON, first)))
		if err != nil || !same(again, first) {
			t.Fatalf("JSON: %v\n%+v\n%+v", err, first, again)
		}
		once, err := parse([]byte(write(t, asText, first)))
		if err != nil || len(once.Results) != len(first.Results) {
			t.Fatalf("text: %v\n%+v\n%+v", err, first, once)
		}
		twice, err := parse([]byte(write(t, asText, once)))
		if err != nil || !same(twice, once) {
			t.Fatalf("text, again: %v\n%+v\n%+v", err, once, twice)
		}
	})
}

// same compares what two files say; JSON tells an empty map from none.
func same(a, b File) bool {
	var x, y bytes.Buffer
	return a.WriteText(&x) == nil && b.WriteText(&y) == nil && x.String() == y.String()
}
