package main

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"viamillipede/netio/lab"
	"viamillipede/tools/internal/ends"
	"viamillipede/tools/internal/pipeline"
)

// TestMain lets the test program be what queues is to itself, and a program to measure: one connection from tx to rx.
func TestMain(m *testing.M) {
	if status, ok := ends.Play(os.Args[1:]); ok {
		os.Exit(status)
	}
	if len(os.Args) == 2 && os.Args[1] == "version" {
		os.Exit(0)
	}
	if len(os.Args) > 3 && (os.Args[1] == "rx" || os.Args[1] == "tx") {
		if err := relay(os.Args[1:]); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func relay(args []string) error {
	if args[0] == "tx" {
		c, err := net.DialTimeout("tcp4", net.JoinHostPort(args[1], args[2]), 5*time.Second)
		if err != nil {
			return err
		}
		_, err = io.Copy(c, os.Stdin)
		return errors.Join(err, c.Close())
	}
	l, err := net.Listen("tcp4", net.JoinHostPort("", args[1]))
	if err != nil {
		return err
	}
	c, err := l.Accept()
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, c)
	return err
}

// A small stream for each case: the packets are handled where they should be, and everything is counted.
func TestSmallStreams(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	set := settings{bin: self, self: self, gib: 1.0 / 128, rounds: 1, threads: 1}
	if set.cpus, err = twoCPUs(); err != nil {
		t.Skip(err)
	}
	network, err := build()
	if err != nil {
		t.Skip(err)
	}
	defer network.Close()
	table := newTable(set.cpus)
	for _, c := range table.turn(1) {
		s, err := measure(t.Context(), set, network, *c)
		if err != nil || s.rate <= 0 || s.tx.Waits == 0 || s.rx.Seconds <= 0 {
			t.Errorf("packets on CPU %d: %+v, %v", c.packets, s, err)
		}
		c.add(s, err)
	}
	if got := strings.Count(table.markdown(), "\n| CPU "); got != 2*queues {
		t.Errorf("%d rows:\n%s", got, table.markdown())
	}
	if got := describe(t.Context(), set, network.Address(lab.RX, 0)); strings.Contains(got, self) {
		t.Errorf("the header names folders of this machine:\n%s", got)
	}
}

func TestTable(t *testing.T) {
	table := newTable([queues]int{2, 5})
	on, off := table.cases[0], table.cases[1]
	for i, rate := range []float64{3, 5, 4} {
		on.add(sample{rate: rate, tx: pipeline.Cost{Seconds: 0.2, Waits: 1000, Preempted: float64(i)}, rx: pipeline.Cost{Migrations: 2.5}}, nil)
		off.add(sample{rate: 2 * rate, uncounted: errors.New("forbidden")}, nil)
	}
	table.cases[2].add(sample{}, errors.New("away\nfar | off"))
	want := `
| CPU 2 | CPU 2 | 4.00 GB/s | 3.00 GB/s | 5.00 GB/s | 0.20 | 0.00 | 1000, 1 | 0, 0 | 0.0 | 2.5 |
| CPU 2 | CPU 5 | 8.00 GB/s | 6.00 GB/s | 10.00 GB/s | 0.00 | 0.00 | 0, 0 | 0, 0 | 0.0 | 0.0 |
| CPU 5 | CPU 5 | no figure |  |  |  |  |  |  |  |  |
| CPU 5 | CPU 2 | no figure |  |  |  |  |  |  |  |  |

With packets on CPU 2, the loop on that CPU moves 0.50 of what the loop on the other one does.

CPU 2, loop on CPU 5: no migrations: forbidden

CPU 5, loop on CPU 5: 1 rounds failed, the first with: away far / off
`
	if _, got, _ := strings.Cut(table.markdown(), "---|\n"); "\n"+got != want {
		t.Errorf("got:\n%s\nwant:%s", got, want)
	}
	if first, second := table.turn(0), table.turn(1); first[0] != second[3] || first[0] != on {
		t.Error("the second round is not the first one backwards")
	}
}
