package metrics

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"viamillipede/engine/observe"
)

// patience bounds what ought to take no time.
const patience = 20 * time.Second

var ends = []End{{Side: "tx", Size: 1 << 40, Snapshot: observe.Snapshot{
	Summary: observe.Summary{
		Sender: true, Bytes: 5 << 30, Unsent: 1 << 20, Elapsed: 3 * time.Second, LinksLost: 2, LegsResent: 1, BytesResent: 7, WindowFull: time.Second,
		Paths: []observe.PathSummary{{Name: `a"b\c:8834`, Links: 1, Bytes: 5 << 30, RTT: 250 * time.Microsecond}},
	},
	Links:  []observe.LinkStatus{{State: observe.StateUp, Heard: time.Now()}, {State: observe.StateDown}},
	Window: &observe.WindowStatus{Next: 9, Received: 9, Delivered: 9, Credit: 64, Kept: 8, Limit: 256 << 20},
}}, {Side: "rx", Number: 7, Snapshot: observe.Snapshot{Ring: &observe.RingStatus{Depth: 3}}}}

func TestText(t *testing.T) {
	text := Text(Program{"1.0", 2}, ends)
	for _, line := range []string{
		`viamillipede_build_info{version="1.0",wire="2"} 1`,
		`viamillipede_bytes_total{side="tx"} 5.36870912e+09`,
		`viamillipede_size_bytes{side="tx"} 1.099511627776e+12`,
		`viamillipede_links{side="tx",state="up"} 1`,
		`viamillipede_links{side="rx",state="up",stream="7"} 0`,
		`viamillipede_waiting{side="tx",for="source"} 1`,
		`viamillipede_waiting{side="rx",for="links",stream="7"} 1`,
		`viamillipede_ring_legs{side="rx",stream="7"} 3`,
		`viamillipede_window_kept_bytes{side="tx"} 8`,
		`viamillipede_path_round_trip_seconds{side="tx",path="a\"b\\c:8834",order="0"} 0.00025`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, no := range []string{`viamillipede_resent_bytes_total{side="rx"`, `viamillipede_size_bytes{side="rx"`} {
		if strings.Contains(text, no) {
			t.Errorf("a line %s", no)
		}
	}
}

// TestDashboard: the dashboard for Grafana asks for metrics that there are.
func TestDashboard(t *testing.T) {
	dashboard, err := os.ReadFile("../../../../tools/grafana/viamillipede.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(dashboard) {
		t.Error("it is no JSON")
	}
	text := Text(Program{}, ends)
	names := regexp.MustCompile(`viamillipede_\w+`).FindAllString(string(dashboard), -1)
	for _, name := range names {
		if !strings.Contains(text, "# TYPE "+name+" ") {
			t.Errorf("no metric %s", name)
		}
	}
	if len(names) < 10 {
		t.Errorf("it asks for %d", len(names))
	}
}

// TestConventions: each metric has help and a type once, before its samples; a counter ends in _total, and nothing else does; units are base units.
func TestConventions(t *testing.T) {
	helped, typed, name := map[string]bool{}, map[string]string{}, regexp.MustCompile(`^(viamillipede_[a-z_]+)(\{.*\})? [-+0-9.e]+$`)
	for line := range strings.Lines(Text(Program{}, ends)) {
		line = strings.TrimSuffix(line, "\n")
		words := strings.SplitN(line, " ", 4)
		switch {
		case words[1] == "HELP":
			if helped[words[2]] || !strings.HasSuffix(line, ".") {
				t.Errorf("twice, or no sentence: %s", line)
			}
			helped[words[2]] = true
		case words[1] == "TYPE":
			typed[words[2]] = words[3]
			if (words[3] == "counter") != strings.HasSuffix(words[2], "_total") {
				t.Errorf("a name against the conventions: %s", line)
			}
		default:
			if m := name.FindStringSubmatch(line); m == nil || !helped[m[1]] || typed[m[1]] == "" {
				t.Errorf("no sample of a metric: %s", line)
			}
		}
		if strings.Contains(line, "milliseconds") || strings.Contains(words[0], "_ms") {
			t.Errorf("no base unit: %s", line)
		}
	}
}

func TestParse(t *testing.T) {
	for word, want := range map[string]string{
		"9100": "tcp 127.0.0.1:9100", ":9100": "tcp 127.0.0.1:9100", "192.0.2.1:80": "tcp 192.0.2.1:80", "[::1]:80": "tcp [::1]:80", "0.0.0.0:1": "tcp 0.0.0.0:1",
		"unix:/run/x": "unix /run/x", "unix:": "", "": "", "0": "", "65536": "", "host:80": "", "::1:80": "", "1.2.3.4": "", "1.2.3.4:": "", "-1": "", "+5": "",
	} {
		network, address, ok := Parse(word)
		if got := strings.TrimSpace(network + " " + address); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %q, %v; want %q", word, got, ok, want)
		}
	}
}

// TestServer: an ordinary client gets the text, over TCP and over a socket of this host, also one that was left behind.
func TestServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	for _, at := range [][2]string{{"tcp", "127.0.0.1:0"}, {"unix", path}} {
		s, err := Listen(at[0], at[1], func() string { return "figures\n" })
		if err != nil {
			t.Fatal(err)
		}
		client := http.Client{Timeout: patience, Transport: &http.Transport{
			DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, at[0], s.listener.Addr().String())
			},
		}}
		for _, c := range []struct {
			method, path, body string
			status             int
		}{
			{"GET", "/metrics", "figures\n", 200}, {"GET", "/metrics?x=1", "figures\n", 200}, {"HEAD", "/metrics", "", 200},
			{"GET", "/", "see /metrics\n", 404}, {"POST", "/metrics", "", 405},
		} {
			ask, err := http.NewRequestWithContext(t.Context(), c.method, "http://host"+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.Do(ask)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || answer.StatusCode != c.status || string(body) != c.body {
				t.Errorf("%s %s: %d %q, %v", c.method, c.path, answer.StatusCode, body, err)
			}
		}
		if _, err := Listen(at[0], s.listener.Addr().String(), nil); err == nil {
			t.Error("two listen at one place")
		}
		s.Close()
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket is left behind")
	}
}

// TestStrangers: whoever says nothing, or anything, keeps nobody, not even the end of the program.
func TestStrangers(t *testing.T) {
	s, err := Listen("tcp", "127.0.0.1:0", func() string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 * guestsMost {
		c, err := net.Dial("tcp", s.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 0 {
			fmt.Fprint(c, "SSH-2.0-x\r\n")
		}
	}
	begun := time.Now()
	s.Close()
	if took := time.Since(begun); took >= askMost/2 {
		t.Errorf("it took %v to close", took)
	}
}
