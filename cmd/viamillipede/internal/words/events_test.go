package words

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"viamillipede/bufpool"
	"viamillipede/engine/observe"
	"viamillipede/netio/dial"
	"viamillipede/netio/lane"
)

// What is printed of an outage, at both ends.
func TestOutageLines(t *testing.T) {
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := since.Add(90 * time.Second)
	refused := observe.Unreachable{{Path: "a:1", Err: errors.New("connection refused")}, {Path: "b:2"}}
	for _, c := range []struct {
		e    observe.Outage
		want string
	}{
		{observe.Outage{Sender: true, Dials: true, First: true, Until: now.Add(20 * time.Second), Limit: observe.LimitConnect, Why: refused},
			"no receiver yet after 1 min 30 s, trying for up to 20 s more (connect): a:1: connection refused; b:2: no answer"},
		{observe.Outage{Sender: true, Dials: true, Until: now.Add(time.Hour), Limit: observe.LimitGiveup, Why: refused},
			"no path to the receiver works since 03:04:05 (1 min 30 s ago); waiting for up to 1 h more (giveup): a:1: connection refused; b:2: no answer"},
		{observe.Outage{Sender: true, Dials: true, Until: now.Add(time.Second), Limit: observe.LimitDead, Links: 3},
			"nothing gets through to the receiver since 03:04:05 (1 min 30 s ago), on 3 links; waiting for up to 1 s more (dead)"},
		{observe.Outage{Sender: true, Dials: true, Limit: observe.LimitGiveup, Links: 3, Why: observe.BlackHole{Path: "a:1", Bytes: 1448}},
			"nothing gets through to the receiver since 03:04:05 (1 min 30 s ago); waiting for as long as it takes (giveup 0): " +
				"path a:1: connections come up, but packets of 1448 bytes do not arrive: " +
				"is the MTU smaller along the way (see tcp_mtu_probing in viamillipede doctor)?"},
		{observe.Outage{Sender: true, Dials: true, First: true, Phase: observe.OutageEnds}, "the receiver answers, after 1 min 30 s"},
		{observe.Outage{Sender: true, Dials: true, Phase: observe.OutageEnds, Paths: []string{"a:1", "b:2"}},
			"a path to the receiver works again, after 1 min 30 s: a:1, b:2"},
		{observe.Outage{Sender: true, Dials: true, Phase: observe.OutageEnds}, "a path to the receiver works again, after 1 min 30 s: none any more"},
		{observe.Outage{Sender: true, First: true, Port: 8834, Limit: observe.LimitConnect}, "waiting for a receiver on port 8834"},
		{observe.Outage{Sender: true, First: true, Phase: observe.OutageEnds}, "a receiver is here, after 1 min 30 s"},
		{observe.Outage{Dials: true, First: true, Until: now.Add(20 * time.Second), Limit: observe.LimitConnect, Why: refused},
			"no sender yet after 1 min 30 s, trying for up to 20 s more (connect): a:1: connection refused; b:2: no answer"},
		{observe.Outage{Dials: true, Until: now.Add(time.Hour), Limit: observe.LimitGiveup, Why: refused},
			"no path to the sender works since 03:04:05 (1 min 30 s ago); waiting for up to 1 h more (giveup): a:1: connection refused; b:2: no answer"},
		{observe.Outage{Dials: true, Phase: observe.OutageEnds, Paths: []string{"a:1"}}, "a path to the sender works again, after 1 min 30 s: a:1"},
		{observe.Outage{First: true, Port: 8834, Limit: observe.LimitConnect}, "waiting for a sender on port 8834"},
		{observe.Outage{First: true, Door: &net.TCPAddr{IP: net.IPv6unspecified, Port: 8834}, Until: now.Add(time.Minute), Limit: observe.LimitConnect},
			"waiting for a sender on port 8834, for up to 1 min more (connect)"},
		{observe.Outage{First: true, Door: &net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 8834, Zone: "eth0"}},
			"waiting for a sender on port 8834 of fe80::1%eth0"},
		{observe.Outage{Until: now.Add(time.Minute), Limit: observe.LimitGiveup},
			"no path from the sender works since 03:04:05 (1 min 30 s ago); waiting for up to 1 min more (giveup)"},
		{observe.Outage{Until: now.Add(time.Minute), Limit: observe.LimitGiveup, Stage: observe.StageWriting},
			"every byte is here and is being written, but no path from the sender works since 03:04:05 (1 min 30 s ago); waiting for up to 1 min more (giveup)"},
		{observe.Outage{Until: now.Add(time.Minute), Limit: observe.LimitGiveup, Stage: observe.StageWritten},
			"everything is written, but no path from the sender works since 03:04:05 (1 min 30 s ago) to tell it so; waiting for up to 1 min more"},
		{observe.Outage{First: true, Phase: observe.OutageEnds}, "a sender is here, after 1 min 30 s"},
		{observe.Outage{Phase: observe.OutageEnds}, "a path from the sender works again, after 1 min 30 s"},
	} {
		c.e.Since, c.e.At = since, now
		if got := Event(c.e); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// What is printed of other events, those that scripts may look for among them.
func TestEventLines(t *testing.T) {
	busy := errors.New("another sender")
	from := &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 40000}
	on := observe.Placement{CPUs: []int{0, 1}}
	for _, c := range []struct {
		e    observe.Event
		want string
	}{
		{observe.LinkUp{Link: 3, Path: "a:1"}, "link 3 up: a:1"},
		{observe.LinkDown{Link: 3, Path: "a:1", Err: io.EOF}, "link 3 down: a:1: closed by the peer's host"},
		{observe.LinkDown{Link: 3, Path: "a:1", Err: busy}, "link 3 down: a:1: another sender"},
		{observe.LinkStalled{Link: 3, Path: "a:1", Legs: 1}, "link 3 stalls: a:1: nothing gets through; 1 leg goes to other links"},
		{observe.LinkStalled{Link: 3, Path: "a:1", Legs: 2}, "link 3 stalls: a:1: nothing gets through; 2 legs go to other links"},
		{observe.LinkMoved{Link: 3, From: 0, To: 1}, "link 3 moves from loop 0 to loop 1, where its packets come in"},
		{observe.DialFailed{Link: 3, Path: "a:1", Err: busy}, "path a:1: link 3: another sender"},
		{observe.AddressChosen{Path: "a:1", Addr: netip.MustParseAddr("::1"), Failed: busy}, "path a:1: its address ::1 works (another sender)"},
		{observe.LegSent{Leg: 7, Bytes: 100, Offset: 900, Link: 3}, "leg 7: 100 bytes at 900 on link 3"},
		{observe.LegsLost{Link: 3, Legs: 2}, "link 3 lost 2 legs, which go to other links"},
		{observe.LegLate{Leg: 7, Link: 3, Taken: 1234567 * time.Nanosecond, Expected: 2 * time.Millisecond, Rate: 1 << 20, RTT: time.Millisecond, Unsent: 512},
			"leg 7 is late on link 3: taken 1ms ago, expected after 2ms; 1.00 MiB/s, round trip 1ms, 512 B unsent"},
		{observe.Call{Name: "write", FD: 7, N: 42}, "write(7) = 42"},
		{observe.Call{Name: "write", FD: 7, Err: io.ErrShortWrite}, "write(7): short write"},
		{observe.Refused{From: from, Err: busy}, "refused 198.51.100.7:40000: another sender"},
		{observe.RefusedMore{Total: 1, Hosts: []observe.RefusedHost{{Host: "198.51.100.7", Count: 1, Last: busy}}},
			"refused 1 more connection: 1 from 198.51.100.7 (the last: another sender)"},
		{observe.RefusedMore{Total: 30, Hosts: []observe.RefusedHost{{Host: "198.51.100.7", Count: 23, Last: busy}}, Others: 7},
			"refused 30 more connections: 23 from 198.51.100.7 (the last: another sender), 7 from others"},
		{observe.Keeping{Addr: from, Most: 4, Window: 64 << 20, Ends: 1},
			"listening on 198.51.100.7:40000 for up to 4 streams at a time; 4 windows of 64 MiB are 256 MiB"},
		{observe.Keeping{Addr: from, Most: 1, Window: 64 << 20, Ends: 2},
			"listening on 198.51.100.7:40000 for up to 1 pair of streams at a time; 2 windows of 64 MiB are 128 MiB"},
		{observe.Draining{Streams: 1}, "no more peers are served; those that are there end by themselves: 1 peer"},
		{observe.TurnAwaited{Path: "a:1"}, "path a:1: all places of the peer are taken: waiting for our turn"},
		{observe.PeerWaits{From: from, Before: 2}, "a peer at 198.51.100.7:40000 waits for its turn, after 2 others"},
		{observe.WindowCut{Asked: 1 << 30, Fits: 100 << 20}, "window 1.00 GiB: the memory that is granted here leaves room for 100 MiB"},
		{observe.LinksCut{Links: 1, Wanted: 16, Err: busy}, "1 link instead of 16: another sender"},
		{observe.LinksCut{Links: 4, Err: busy}, "at most 4 links: another sender"},
		{observe.Fault{Where: "loop 0", Panic: "oops", Stack: []byte("lines")}, "loop 0: a fault in the program, which should be reported: oops\nlines"},
		{observe.ConsumerStopped{Sink: "exec 'head'", Given: 10, Unread: 3}, "the consumer of exec 'head' stopped early, which early ok allows: " +
			"it has left 3 bytes of the 10 that it was given unread, and the stream went on after that"},
		{observe.SourceOpened{Source: "pipe", EnginePath: observe.EnginePath{Plane: observe.PlaneSplice, Legs: 5, Checksum: true}},
			"source is a pipe; engine path: splice (pipe to socket) for 5 legs, 0 legs copied, crc32c"},
		{observe.SenderOpened{Placement: on, Links: 16, Paths: 1, Leg: 1 << 20, Window: 64 << 20},
			"2 loops pinned to CPU 0-1, 16 links over 1 path, legs of at most 1.00 MiB, window 64 MiB"},
		{observe.ReceiverOpened{Addr: from, Sink: "pipe", EnginePath: observe.EnginePath{Why: busy, Checked: true, Seed: 15}, Placement: observe.Placement{CPUs: []int{-1}}},
			"listening on 198.51.100.7:40000; sink is a pipe; engine path: copy (read, write): another sender, prbs 0xf checked; 1 loop on any CPU"},
		{observe.SocketStatistics{Err: busy}, "socket statistics: TCP_INFO only: another sender"},
		{observe.SocketStatistics{Cgroup: "/g"}, "socket statistics: eBPF (socket filter and sock_ops on cgroup /g)"},
		{observe.SocketStatistics{Cgroup: "/g", Filter: busy}, "socket statistics: eBPF (sock_ops on cgroup /g; no socket filter: another sender)"},
		{observe.ThreadsTried{Path: "a:1", Added: 2, Before: 1 << 20, Now: 3 << 20, Kept: true, Links: 4},
			"threads auto: path a:1: 2 links more: 3.00 MiB/s, 1.00 MiB/s before: it has 4 links now"},
		{observe.ThreadsTried{Path: "a:1", Added: 1, Before: 1 << 20, Now: 1 << 20, Links: 1},
			"threads auto: path a:1: 1 link more: 1.00 MiB/s, 1.00 MiB/s before: dropped, it has 1 link"},
		{observe.SenderMet{Links: 1, Leg: 1 << 20, Credit: 240, Pages: bufpool.Pages{All: 4 << 20, Reserved: 4 << 20}},
			"stream 00000000000000000000000000000000: 1 link, legs of at most 1.00 MiB, credit for 240 legs; memory: not copied on fork; " +
				"memory: huge pages (reserved, not tried yet)"},
		{observe.MemoryAdvised{Advice: bufpool.Advice{Nodes: []int{0, 2}, Refused: []error{busy, busy}, Missed: 3}},
			"memory: nodes 0, 2 preferred; not copied on fork; refused 2 times, first: another sender; 3 buffers found no reserved huge page"},
		{observe.MemoryAdvised{Advice: bufpool.Advice{Nodes: []int{1}}}, "memory: node 1 preferred; not copied on fork"},
		{observe.MemoryWarmed{Pages: bufpool.Pages{All: 8 << 20, Reserved: 2 << 20, Tried: true}}, "memory: huge pages (2 of 8 MiB reserved)"},
		{observe.MemoryWarmed{Pages: bufpool.Pages{All: 8 << 20, Advised: 8 << 20}}, "memory: huge pages (transparent, since no reserved ones are free)"},
		{observe.MemoryWarmed{Pages: bufpool.Pages{All: 8 << 20, Refused: []error{busy}}}, "memory: no huge pages; refused 1 times, first: another sender"},
		{observe.CongestionChosen{Path: "a:1", Congestion: dial.Congestion{Name: "cubic", Asked: "auto", MinRTT: time.Millisecond, System: "bbr"}},
			"path a:1: congestion control cubic: least round trip 1ms, the system's default is bbr"},
		{observe.CongestionChosen{Path: "a:1", Congestion: dial.Congestion{Name: "reno", Asked: "reno"}},
			"path a:1: congestion control reno, as asked (reno)"},
		{observe.PortsChosen{Path: "a:1", Ports: []uint16{7, 8}, Lanes: lane.Set{Kind: lane.ECMP, Lanes: []lane.Lane{{Name: "p0"}, {Name: "p1"}}}},
			"path a:1: source ports 7,8: 2 equal routes, by p0, p1, filled evenly: the kernel was asked (its hash is unspecified, with a secret seed)"},
		{observe.PathHelps{Path: "a:1", Helps: true, Spill: time.Second / 2}, "path a:1 helps: what waits would take the paths before it longer than 500ms (spill)"},
		{observe.PathHelps{Path: "a:1"}, "path a:1: the paths before it carry all again"},
		{observe.BufferLimits{Path: "a:1", Share: 0.5, Setting: "4096 16384 4194304"}, "path a:1: the send buffer holds its links back 50 % of the time: " +
			"raise the last number of net.ipv4.tcp_wmem here, now 4096 16384 4194304"},
	} {
		if got := Event(c.e); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// Every type of event has words, or is one of those that are silent here.
func TestEveryEventHasWords(t *testing.T) {
	silent := map[string]bool{"PathUp": true, "PathDown": true}
	spoken := map[string]bool{}
	inspect(t, "*.go", func(n ast.Node) {
		if c, ok := n.(*ast.CaseClause); ok {
			for _, e := range c.List {
				if s, ok := e.(*ast.SelectorExpr); ok {
					spoken[s.Sel.Name] = true
				}
			}
		}
	})
	found := 0
	inspect(t, "../../../../engine/observe/events_*.go", func(n ast.Node) {
		if f, ok := n.(*ast.FuncDecl); ok && f.Name.Name == "level" {
			found++
			if name := f.Recv.List[0].Type.(*ast.Ident).Name; !spoken[name] && !silent[name] {
				t.Errorf("%s has no words", name)
			}
		}
	})
	if found == 0 {
		t.Error("no event is found")
	}
}

// inspect visits every node of the files of a pattern.
func inspect(t *testing.T, pattern string, visit func(ast.Node)) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool { visit(n); return true })
	}
}
