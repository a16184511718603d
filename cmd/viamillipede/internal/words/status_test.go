package words

import (
	"errors"
	"strings"
	"testing"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/netio"
)

func TestStatusTable(t *testing.T) {
	now := time.Unix(1000, 0)
	links := []observe.LinkStatus{
		{Index: 0, Path: "host1:8834", State: observe.StateUp, Bytes: 10 << 20, Since: now.Add(-2 * time.Second), InFlight: 3,
			Rate: 5 << 20, Heard: now.Add(-300 * time.Millisecond),
			Kernel: netio.Info{RTT: 1234567, Cwnd: 10, Retransmits: 4, CPU: 1, NAPI: 8197}},
		{Index: 11, Path: "[2001:db8::1]:9", State: observe.StateDialling, Since: now.Add(-time.Minute), Loop: 1},
		{Index: 2, Path: "host2:8834", Order: 1, State: observe.StateDown, Since: now.Add(-90 * time.Second)},
		{Index: 3, Path: "host2:8834", Order: 1, State: observe.StateStalled, Since: now.Add(-3 * time.Second), Bytes: 1 << 20,
			Heard: now.Add(-3 * time.Second), Kernel: netio.Info{CPU: -1}},
	}
	for _, c := range []struct {
		columns int
		want    string
	}{
		{0, `
  link             path     state    for     bytes        rate  heard     RTT  cwnd  retrans  legs  CPU  NAPI  loop
     0       host1:8834        up     2s    10 MiB  5.00 MiB/s   0.3s  1.23ms    10        4     3    1  8197     0
    11  [2001:db8::1]:9  dialling     1m         -           -      -       -     -        -     -    -     -     1
     2       host2:8834      down  1m30s         -           -      -       -     -        -     -    -     -     0
     3       host2:8834    stalls     3s  1.00 MiB       0 B/s     3s      0s     0        0     0    -     -     0
`},
		{66, `
  link  path     state    for     bytes        rate  heard     RTT
     0     1        up     2s    10 MiB  5.00 MiB/s   0.3s  1.23ms
    11     1  dialling     1m         -           -      -       -
     2     2      down  1m30s         -           -      -       -
     3     2    stalls     3s  1.00 MiB       0 B/s     3s      0s
`},
		{10, `
  link     state        rate
     0        up  5.00 MiB/s
    11  dialling           -
     2      down           -
     3    stalls       0 B/s
`},
	} {
		var b strings.Builder
		writeLinks(&b, c.columns, links, now)
		if got := "\n" + b.String(); got != c.want {
			t.Errorf("%d columns: got:%s\nwant:%s", c.columns, got, c.want)
		}
	}
}

// Paths with long names are numbered where there is no room for the names, and a path without a link says why.
func TestStatusOfPaths(t *testing.T) {
	now := time.Unix(1000, 0)
	paths := []observe.PathStatus{
		{PathSummary: observe.PathSummary{Name: "host1.last-resort.example.com:8834", Links: 2, Bytes: 1 << 30, Share: 1, Rate: 1 << 20,
			RTT: 1234567, RescuedTo: 7, Head: 0.5}, Now: 2 << 20},
		{PathSummary: observe.PathSummary{Name: "host2:8834", LinksLost: 3, RescuedFrom: 7, Last: errors.New("connection refused")}, Since: now.Add(-12 * time.Second)},
	}
	for _, c := range []struct {
		columns int
		want    string
	}{
		{0, `
                                path  links     bytes    share        rate        mean     RTT  lost  rescued from  rescued to    head
  host1.last-resort.example.com:8834      2  1.00 GiB  100.0 %  2.00 MiB/s  1.00 MiB/s  1.23ms     0             0           7  50.0 %
                          host2:8834      0       0 B    0.0 %       0 B/s       0 B/s      0s     3             7           0   0.0 %
path host2:8834 has no link for 12 s: connection refused
`},
		{66, `
path 1: host1.last-resort.example.com:8834
path 2: host2:8834
  path  links     bytes    share        rate     RTT  lost    head
     1      2  1.00 GiB  100.0 %  2.00 MiB/s  1.23ms     0  50.0 %
     2      0       0 B    0.0 %       0 B/s      0s     3   0.0 %
path 2 has no link for 12 s: connection refused
`},
	} {
		var b strings.Builder
		writePaths(&b, c.columns, paths, now)
		if got := "\n" + b.String(); got != c.want {
			t.Errorf("%d columns: got:%s\nwant:%s", c.columns, got, c.want)
		}
	}
}

func TestStatusLoops(t *testing.T) {
	links := []observe.LinkStatus{
		{Index: 0, State: observe.StateUp, Heard: time.Unix(1, 0), Loop: 0, Kernel: netio.Info{CPU: 3}},
		{Index: 1, State: observe.StateUp, Heard: time.Unix(1, 0), Loop: 0, Kernel: netio.Info{CPU: -1}},
		{Index: 2, State: observe.StateUp, Heard: time.Unix(1, 0), Loop: 1, Kernel: netio.Info{CPU: 3}},
		{Index: 3, State: observe.StateDialling, Loop: 1},
	}
	for want, loops := range map[string][]observe.LoopStatus{
		"loop 0: CPU 3, node 1: 2 links, 1 of them come in on its CPU\nloop 1: CPU 8: 1 link, 0 of them come in on its CPU\n": {{CPU: 3, Node: 1}, {CPU: 8, Node: -1}},
		"loop 0: any CPU: 2 links, 0 of them come in on its CPU\nloop 1: any CPU: 1 link, 0 of them come in on its CPU\n":     {{CPU: -1, Node: -1}, {CPU: -1, Node: -1}},
	} {
		var b strings.Builder
		writeLoops(&b, 0, loops, links)
		if got := b.String(); got != want {
			t.Errorf("got:\n%swant:\n%s", got, want)
		}
	}
}
