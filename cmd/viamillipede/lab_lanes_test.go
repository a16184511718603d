package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"viamillipede/bench/lanes"
	"viamillipede/netio/lab"
)

// TestLabLanesIPv6: over IPv6 the lanes that are found are those that the kernel says, too, and ports can be balanced. On a busy machine
// a flow that has waited for too long may have another hash, so that one survey of a few has to be right.
func TestLabLanesIPv6(t *testing.T) {
	p := hosts(t)
	const flows, hops, tries = 24, 3, 3
	l := lab.New(t, lab.Config{Paths: hops})
	to := sixLanesOf(t, l)
	for range tries {
		r, _, _ := p.survey(t, l, nil, to, "flows", fmt.Sprint(flows), "seconds", "0.5", "sports", "balanced")
		if r.Kind != "ecmp" || len(r.Lanes) != hops {
			t.Fatalf("%s of %d lanes", r.Kind, len(r.Lanes))
		}
		uneven := slices.ContainsFunc(r.Lanes, func(l lanes.Lane) bool { return l.Flows != flows/hops })
		if !uneven && r.Predicted.Right == flows && r.Predicted.Of == flows {
			return
		}
	}
	t.Errorf("none of %d surveys has %d flows on each lane, all predicted", tries, flows/hops)
}

// survey runs lanes rx and lanes tx to an address, and gives the report, its text, and what rx said. Report and
// picture stay where VIAMILLIPEDE_SAMPLES names a folder.
func (p programs) survey(t *testing.T, l *lab.Lab, user *syscall.Credential, to string, words ...string) (r lanes.Report, text, said string) {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o777), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	file, picture := filepath.Join(dir, "report.json"), filepath.Join(dir, "report.svg")
	rx := l.Command(t.Context(), lab.RX, p.viamillipede, "lanes", "rx", fmt.Sprint(labPort))
	var rxSaid, out, txSaid lab.Text
	rx.Stderr = &rxSaid
	rx.SysProcAttr.Credential = user
	if err := rx.Start(); err != nil {
		t.Fatal(err)
	}
	awaitListener(t, l)
	argv := append([]string{"lanes", "tx", to, fmt.Sprint(labPort), "json", file, "svg", picture}, words...)
	tx := l.Command(t.Context(), lab.TX, p.viamillipede, argv...)
	tx.Stdout, tx.Stderr = &out, &txSaid
	tx.SysProcAttr.Credential = user
	if err := tx.Start(); err != nil {
		t.Fatal(err)
	}
	if status := tx.Status(); status != 0 {
		t.Fatalf("lanes tx: status %d\n%s%s\nrx: %s", status, out.String(), txSaid.String(), rxSaid.String())
	}
	if status := rx.Status(); status != 0 {
		t.Errorf("lanes rx: status %d: %s", status, rxSaid.String())
	}
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	if svg, err := os.ReadFile(picture); err != nil || !strings.Contains(string(svg), "</svg>") {
		t.Errorf("the picture: %d bytes, %v", len(svg), err)
	}
	if dir := os.Getenv("VIAMILLIPEDE_SAMPLES"); dir != "" {
		stem := filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-"))
		err := errors.Join(os.MkdirAll(dir, 0o777), os.Rename(picture, stem+".svg"), os.Rename(file, stem+".json"))
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Log("\n" + out.String())
	return r, out.String(), rxSaid.String()
}

// awaitListener waits until somebody listens on labPort at the receiver's host.
func awaitListener(t *testing.T, l *lab.Lab) {
	t.Helper()
	listens := fmt.Sprintf(":%04X 00000000000000000000000000000000:0000 0A", labPort)
	for end := time.Now().Add(settleTime); time.Now().Before(end); {
		var table []byte
		err := l.Visit(lab.RX, func() (err error) {
			table, err = os.ReadFile("/proc/thread-self/net/tcp6")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(table), listens) {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatal("nobody listens")
}

// TestLabLanes: each flow's lane is found, and is the one by which its packets come in; the kernel's own answer is right; and
// so is the receive queue.
func TestLabLanes(t *testing.T) {
	p := hosts(t)
	for _, n := range []int{2, 4} {
		t.Run(fmt.Sprint(n), func(t *testing.T) { p.lanesOfGroup(t, n, nil) })
	}
	t.Run("Unprivileged", func(t *testing.T) { p.lanesOfGroup(t, 2, nobody()) })
}

func (p programs) lanesOfGroup(t *testing.T, n int, user *syscall.Credential) {
	t.Parallel()
	const flows = 32
	l := lab.New(t, lab.Config{Paths: n, Queues: 2})
	lanesOf(t, l)
	for i := range n {
		if err := l.Shape(i, 100e6); err != nil {
			t.Fatal(err)
		}
	}
	seen := watchPackets(t, l)
	r, text, said := p.survey(t, l, user, groupRX, "flows", fmt.Sprint(flows), "seconds", "2")
	if r.Kind != "ecmp" || len(r.Lanes) != n || len(r.Flows) != flows {
		t.Fatalf("%s of %d lanes, %d flows, want ecmp, %d, %d", r.Kind, len(r.Lanes), len(r.Flows), n, flows)
	}
	for _, f := range r.Flows {
		want := seen.laneOf(f.Port)
		if f.Lane < 0 || r.Lanes[f.Lane].Device != want {
			t.Errorf("source port %d: lane %d, its packets came in by %q", f.Port, f.Lane, want)
		}
		switch {
		case f.Arrival == nil:
			t.Errorf("source port %d: rx does not tell of it", f.Port)
		case user == nil && f.Arrival.Device != want:
			t.Errorf("source port %d: rx says %q, its packets came in by %q", f.Port, f.Arrival.Device, want)
		}
	}
	if r.Predicted.Right != flows || r.Predicted.Of != flows {
		t.Errorf("predicted %d of %d, want all %d", r.Predicted.Right, r.Predicted.Of, flows)
	}
	const missing = "devices, queues and hashes are not known"
	if user != nil && (strings.Count(said, missing) != 1 || strings.Count(text, missing) != 1) {
		t.Errorf("want one line of what is missing at each end, rx: %s", said)
	}
	if len(r.Sports) == 0 || len(r.Sports)%n != 0 || !strings.Contains(text, fmt.Sprintf("\nsports %d,", r.Sports[0])) {
		t.Errorf("no source ports that fill %d lanes: %v", n, r.Sports)
	}
	t.Logf("efficiency %.1f %%, Jain %.3f", 100*r.Efficiency, r.Jain)
}

// TestLabLaneQueues: the receive queue of each flow is the one in which the kernel handed its packets to a program of the test's
// own, which runs before anything else sees them.
func TestLabLaneQueues(t *testing.T) {
	p := hosts(t)
	const flows = 32
	l := lab.New(t, lab.Config{Paths: 1, Queues: 4})
	if err := l.Poll(lab.TX, 0); err != nil { // so that both ends poll
		t.Fatal(err)
	}
	queues := noteQueues(t, l)
	r, _, _ := p.survey(t, l, nil, l.Address(lab.RX, 0), "flows", fmt.Sprint(flows), "seconds", "1")
	found, moved := map[int]bool{}, 0
	for _, f := range r.Flows {
		want := queuesOf(queues, f.Port)
		if f.Arrival == nil || !slices.Contains(want, f.Arrival.Queue) {
			t.Errorf("source port %d: %v, want queue %v", f.Port, f.Arrival, want)
			continue
		}
		if len(want) > 1 { // its sender's timeout gave it another hash, and so another queue (sk_rethink_txhash)
			moved++
		}
		found[f.Arrival.Queue] = true
	}
	t.Logf("%d of %d flows came in in several queues", moved, flows)
	if moved == flows {
		t.Error("none stayed in one queue, so nothing is proven")
	}
	if len(found) < 2 {
		t.Errorf("%d flows came in in queues %v alone", flows, found)
	}
}

// TestLabLaneStrangers: the ends of a stream and those of lanes refuse each other with a clear line.
func TestLabLaneStrangers(t *testing.T) {
	p := hosts(t)
	l := lab.New(t, lab.Config{Paths: 1})
	for _, test := range []struct {
		rx, tx         []string
		status         int
		saysRX, saysTX string
	}{
		{[]string{"rx"}, []string{"lanes", "tx"}, 3, "the peer is `viamillipede lanes`", "serves there, and not `viamillipede lanes rx`"},
		{[]string{"lanes", "rx"}, []string{"tx"}, 3, "a `viamillipede tx`: this is `lanes rx`", "it measures (bench rx or lanes rx)"},
	} {
		var rxSaid, txSaid lab.Text
		port := fmt.Sprint(labPort)
		rx := l.Command(t.Context(), lab.RX, p.viamillipede, append(test.rx, port)...)
		rx.Stderr = &rxSaid
		if err := rx.Start(); err != nil {
			t.Fatal(err)
		}
		awaitListener(t, l)
		words := append(test.tx, l.Address(lab.RX, 0), port)
		if test.tx[0] == "tx" {
			words = append(words, "connect", "1")
		}
		tx := l.Command(t.Context(), lab.TX, p.viamillipede, words...)
		tx.Stderr = &txSaid
		if err := tx.Start(); err != nil {
			t.Fatal(err)
		}
		if status := tx.Status(); status != test.status || !strings.Contains(txSaid.String(), test.saysTX) {
			t.Errorf("%v: status %d, want %d, says %s", words, status, test.status, txSaid.String())
		}
		for end := time.Now().Add(settleTime); !strings.Contains(rxSaid.String(), test.saysRX); <-time.After(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("%v says %s", test.rx, rxSaid.String())
				break
			}
		}
		_ = rx.Process.Kill()
		rx.Status()
	}
}
