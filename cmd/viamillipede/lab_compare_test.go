package main_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// The ports of the other programs, and of MPTCP's further connections.
const (
	comparePort = "4600"
	joinPort    = "4601"
)

// useCubic makes socat use the congestion control that viamillipede chooses on short paths: TCP_CONGESTION of IPPROTO_TCP. A
// namespace's own default cannot be one that the machine restricts to root.
const useCubic = "setsockopt-string=6:13:cubic"

// contender is one way to carry a stream over the paths of a lab.
type contender struct {
	name string
	rate func(t *testing.T, l *lab.Lab) float64 // bytes per second at the consumer

	rates []float64
}

// TestLabCompare prints a table for BENCHMARKS.md: what viamillipede and others carry over three paths, in turn, in one run.
func TestLabCompare(t *testing.T) {
	p := measured(t)
	mix := []uint64{800, 400, 100}
	l := pathsOf(t, mix)
	list := []*contender{
		{name: "bare TCP, all paths at once, added up", rate: func(t *testing.T, l *lab.Lab) float64 {
			return sum(bareRates(t, l, upTo(len(mix))...).goodput)
		}},
		{name: "bare TCP, best path", rate: func(t *testing.T, l *lab.Lab) float64 { return bareRates(t, l, 0).goodput[0] }},
	}
	_, noSocat := exec.LookPath("socat")
	_, noMPTCPize := exec.LookPath("mptcpize")
	if noSocat != nil {
		t.Log("no socat here: its row, and that of MPTCP, is left out")
	} else {
		list = append(list, &contender{name: "socat, best path", rate: socatRate(nil)})
	}
	if why := mptcpMissing(t, l, noMPTCPize); why != "" {
		t.Logf("no MPTCP here: its row is left out: %s", why)
	} else if noSocat == nil {
		list = append(list, &contender{name: "socat over MPTCP, all paths", rate: socatRate([]string{"mptcpize", "run"})})
	}
	list = append(list, &contender{name: "viamillipede, all paths, threads 6", rate: func(t *testing.T, l *lab.Lab) float64 {
		s := p.start(t, l, endlessly(6))
		rate, _ := s.measure()
		s.enough()
		s.finish()
		return rate
	}})
	const rounds = 5
	for range rounds {
		for _, c := range list {
			c.rates = append(c.rates, c.rate(t, l))
		}
	}
	if joined, err := joins(l); err != nil {
		t.Error(err)
	} else {
		t.Logf("MPTCP: %d further connections in %d rounds", joined, rounds)
	}
	fmt.Print(compared(mix, rounds, list))
}

// compared is the table.
func compared(mix []uint64, rounds int, list []*contender) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nPaths of %s Mbit/s; %d rounds in turn, each measured over %v after the first %v; cubic.\n\n",
		nameOf(mix), rounds, middle, warmUp)
	b.WriteString("| | median | least | most | of all paths |\n|---|---|---|---|---|\n")
	whole := medianOf(list[0].rates)
	for _, c := range list {
		m := medianOf(c.rates)
		fmt.Fprintf(&b, "| %s | %.1f MB/s | %.1f MB/s | %.1f MB/s | %.2f |\n",
			c.name, m/mb, slices.Min(c.rates)/mb, slices.Max(c.rates)/mb, m/whole)
	}
	return b.String() + "\n"
}

// medianOf is the middle of an odd number of values.
func medianOf(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }

// mptcpMissing lets a connection to the first path find the others. It says why that cannot be, and "" when it can.
func mptcpMissing(t *testing.T, l *lab.Lab, noMPTCPize error) string {
	t.Helper()
	if noMPTCPize != nil {
		return noMPTCPize.Error()
	}
	if _, err := os.Stat("/proc/sys/net/mptcp/enabled"); err != nil {
		return err.Error()
	}
	most := fmt.Sprint(l.Paths())
	limits := []string{"mptcp", "limits", "set", "subflows", most, "add_addr_accepted", most}
	for _, side := range []lab.Side{lab.TX, lab.RX} {
		if said, err := ask(l, side, "ip", limits...); err != nil {
			return fmt.Sprintf("%v: %s", err, said)
		}
	}
	// With a port the kernel listens for the further connections itself: socat stops listening after the first.
	for i := 1; i < l.Paths(); i++ {
		said, err := ask(l, lab.RX, "ip", "mptcp", "endpoint", "add", l.Address(lab.RX, i), "dev", fmt.Sprintf("p%d", i),
			"signal", "port", joinPort)
		if err != nil {
			return fmt.Sprintf("%v: %s", err, said)
		}
	}
	return ""
}

// joins counts the further connections that MPTCP made from the sender's side.
func joins(l *lab.Lab) (int, error) {
	text, err := ask(l, lab.TX, "cat", "/proc/net/netstat")
	if err != nil {
		return 0, err
	}
	var names []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || fields[0] != "MPTcpExt:":
		case names == nil:
			names = fields
		default:
			return strconv.Atoi(fields[slices.Index(names, "MPJoinSynAckRx")])
		}
	}
	return 0, nil // a kernel without MPTCP
}

// ask runs a short program on a side, and gives what it says.
func ask(l *lab.Lab, side lab.Side, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	var said lab.Text
	c := l.Command(ctx, side, name, args...)
	c.Stdout, c.Stderr = &said, &said
	err := c.Run()
	return strings.TrimSpace(said.String()), err
}

// socatRate carries a stream with socat to the address of the first path; before are words that run it.
func socatRate(before []string) func(t *testing.T, l *lab.Lab) float64 {
	return func(t *testing.T, l *lab.Lab) float64 {
		ctx, cancel := context.WithTimeout(context.Background(), sumLimit+middle)
		defer cancel()
		in, out := lab.NewGate(), lab.NewGate()
		stdin, feed := pipe(t)
		drain, stdout := pipe(t)
		// retry: nothing says when the other end listens.
		words := func(from, to string) []string {
			return slices.Concat(before, []string{"socat", "-u", "-b", "1048576", from, to})
		}
		rx := words("TCP4-LISTEN:"+comparePort+",reuseaddr", "STDOUT")
		tx := words("STDIN", "TCP4:"+l.Address(lab.RX, 0)+":"+comparePort+",retry=100,interval=0.1,"+useCubic)
		receiver, sender := l.Command(ctx, lab.RX, rx[0], rx[1:]...), l.Command(ctx, lab.TX, tx[0], tx[1:]...)
		var said lab.Text
		receiver.Stdout, receiver.Stderr = stdout, &said
		sender.Stdin, sender.Stderr = stdin, &said
		for c, end := range map[*lab.Cmd]*os.File{receiver: stdout, sender: stdin} {
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			end.Close()
		}
		done := make(chan error, 2)
		go func() { done <- lab.Feed(ctx, feed, endless, in) }()
		go func() {
			_, err := lab.Drain(ctx, drain, out)
			done <- err
		}()
		select {
		case <-out.At(1):
		case <-ctx.Done():
			t.Fatalf("%s: nothing came\n%s", strings.Join(tx, " "), said.String())
		}
		<-time.After(warmUp)
		begun, before := time.Now(), out.Moved()
		<-time.After(middle)
		rate := float64(out.Moved()-before) / time.Since(begun).Seconds()
		in.Cut()
		for range 2 {
			if err := <-done; err != nil {
				t.Errorf("%s: %v\n%s", strings.Join(tx, " "), err, said.String())
			}
		}
		for _, c := range []*lab.Cmd{sender, receiver} {
			if status := c.Status(); status != 0 {
				t.Errorf("%s: status %d\n%s", strings.Join(c.Args, " "), status, said.String())
			}
		}
		return rate
	}
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}
