package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// struck is a stream between two programs of exec, of which one process is struck.
type struck struct {
	t      *testing.T
	dir    string
	rx, tx *tried
	pids   map[string]int // of the two programs
}

// dialling are the words of both ends that say where the other one is.
type dialling struct {
	who    string // dials
	rx, tx []string
}

// eitherDials gives those of a stream that the sender dials, and of one that the receiver does, each with a port of its own.
func eitherDials(t *testing.T) []dialling {
	t.Helper()
	a, b := freshPort(t), freshPort(t)
	return []dialling{
		{"tx dials", []string{"viamillipede", "rx", a}, []string{"viamillipede", "tx", "localhost", a}},
		{"rx dials", []string{"viamillipede", "rx", "localhost", b}, []string{"viamillipede", "tx", b}},
	}
}

// both starts both ends with more words each.
func (d dialling) both(t *testing.T, rx, tx []string) (r, s *tried) {
	t.Helper()
	return background(t, slices.Concat(d.rx, rx)...), background(t, slices.Concat(d.tx, tx)...)
}

// strikeable begins a stream that has no end, and is slow: many run at a time.
func strikeable(t *testing.T, d dialling) *struck {
	t.Helper()
	t.Parallel()
	s := &struck{t: t, dir: t.TempDir(), pids: map[string]int{}}
	// The consumer has more than a window, so that each end has met the other one: a sender that listens, and of which nothing is
	// acknowledged yet, would wait for another receiver.
	s.rx, s.tx = d.both(t, []string{"dead", "1", "threads", "4", "window", "1M", "exec",
		"sleep 1000 & echo $$ >" + s.file("rx~") + "; head -c 1500000 >/dev/null; mv " + s.file("rx~") + " " + s.file("rx") + "; cat >/dev/null; touch " + s.file("whole")},
		[]string{"dead", "1", "threads", "4", "window", "1M", "delayus", "20000", "exec",
			"sleep 1000 & echo $$ >" + s.file("tx~") + "; mv " + s.file("tx~") + " " + s.file("tx") + "; exec cat /dev/zero"})
	for _, end := range []string{"rx", "tx"} {
		until(t, end+" runs its program", func() bool { _, err := os.Stat(s.file(end)); return err == nil })
		b, err := os.ReadFile(s.file(end))
		if err != nil {
			t.Fatal(err)
		}
		if s.pids[end], err = strconv.Atoi(strings.TrimSpace(string(b))); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *struck) file(name string) string { return filepath.Join(s.dir, name) }

// group reports whether a process of a program's session is left, a zombie apart.
func (s *struck) group(end string) (left bool) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range stats {
		b, err := os.ReadFile(name)
		_, after, _ := strings.Cut(string(b), ") ")
		f := strings.Fields(after)
		if err == nil && len(f) > 3 && f[0] != "Z" && f[3] == strconv.Itoa(s.session(end)) {
			return true
		}
	}
	return false
}

// session is that of a program as long as that lives; it is remembered.
func (s *struck) session(end string) int {
	if id, ok := s.pids[end+" session"]; ok {
		return id
	}
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(s.pids[end]) + "/stat")
	_, after, _ := strings.Cut(string(b), ") ")
	if f := strings.Fields(after); len(f) > 3 {
		s.pids[end+" session"], _ = strconv.Atoi(f[3])
	}
	return s.pids[end+" session"]
}

// Whatever dies, both ends end, with the status that belongs to it; nothing is left of either program, and the consumer has not seen
// an end of its input.
func TestExecLeavesNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		strike func(s *struck) error
		tx, rx int // exit statuses; -1: by a signal
	}{
		{"TxTold", func(s *struck) error { return s.tx.Process.Signal(syscall.SIGTERM) }, 143, 7},
		{"TxHungUp", func(s *struck) error { return s.tx.Process.Signal(syscall.SIGHUP) }, 143, 7},
		{"TxInterrupted", func(s *struck) error { return s.tx.Process.Signal(syscall.SIGINT) }, 130, 7},
		{"TxKilled", func(s *struck) error { return s.tx.Process.Kill() }, -1, 5},
		{"RxTold", func(s *struck) error { return s.rx.Process.Signal(syscall.SIGTERM) }, 7, 143},
		{"RxKilled", func(s *struck) error { return s.rx.Process.Kill() }, 5, -1},
		{"ProducerKilled", func(s *struck) error { return syscall.Kill(s.pids["tx"], syscall.SIGKILL) }, 6, 7},
		{"ConsumerKilled", func(s *struck) error { return syscall.Kill(s.pids["rx"], syscall.SIGKILL) }, 7, 6},
		{"KeepersKilled", func(s *struck) error { return syscall.Kill(s.session("rx"), syscall.SIGKILL) }, 7, 6},
		{"ConsumerStopped", func(s *struck) error {
			if err := syscall.Kill(-s.session("rx"), syscall.SIGSTOP); err != nil {
				return err
			}
			return s.tx.Process.Signal(syscall.SIGTERM)
		}, 143, 7},
		{"ProducerStopped", func(s *struck) error {
			if err := syscall.Kill(s.pids["tx"], syscall.SIGSTOP); err != nil {
				return err
			}
			return s.rx.Process.Signal(syscall.SIGTERM)
		}, 7, 143},
	} {
		for _, d := range eitherDials(t) {
			t.Run(c.name+" "+d.who, func(t *testing.T) {
				s := strikeable(t, d)
				s.session("rx")
				s.session("tx")
				if err := c.strike(s); err != nil {
					t.Fatal(err)
				}
				s.tx.ends(t, c.tx, "")
				s.rx.ends(t, c.rx, "")
				for _, end := range []string{"rx", "tx"} {
					until(t, "nothing is left of the program of "+end, func() bool { return !s.group(end) })
				}
				if _, err := os.Stat(s.file("whole")); err == nil {
					t.Error("the consumer has seen an end of its input")
				}
			})
		}
	}
}

// Links that are lost are nothing to the programs.
func TestExecLosesLinks(t *testing.T) {
	want := background(t, "sh", "-c", "seq 3000000 | sha256sum")
	want.ends(t, 0, "")
	for _, d := range eitherDials(t) {
		t.Run(d.who, func(t *testing.T) {
			rx, tx := d.both(t, []string{"threads", "4", "exec", "sha256sum"}, []string{"threads", "4", "chaos", "5", "leg", "64k", "exec", "seq 3000000"})
			tx.ends(t, 0, "")
			rx.ends(t, 0, "  -")
			if !strings.Contains(rx.said.String(), want.said.String()) {
				t.Errorf("%s, want %s", &rx.said, &want.said)
			}
		})
	}
}

// A program that is stopped holds the stream up, and costs nothing once it goes on.
func TestExecStopsAndGoesOn(t *testing.T) {
	want := background(t, "sh", "-c", "seq 3000000 | sha256sum")
	want.ends(t, 0, "")
	for _, end := range []string{"rx", "tx"} {
		for _, d := range eitherDials(t) {
			t.Run(end+", "+d.who, func(t *testing.T) {
				t.Parallel()
				stopped := filepath.Join(t.TempDir(), "stopped")
				stops := "echo $$ >" + stopped + "~; mv " + stopped + "~ " + stopped + "; kill -STOP $$; "
				consumer, producer := "sha256sum", "seq 3000000"
				if end == "rx" {
					consumer = stops + consumer
				} else {
					producer = "seq 10000; " + stops + "seq 10001 3000000"
				}
				rx, tx := d.both(t, []string{"threads", "4", "exec", consumer}, []string{"threads", "4", "exec", producer})
				var pid int
				until(t, "the program has stopped itself", func() bool {
					b, _ := os.ReadFile(stopped)
					pid, _ = strconv.Atoi(strings.TrimSpace(string(b)))
					stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
					_, after, _ := strings.Cut(string(stat), ") ")
					return strings.HasPrefix(after, "T")
				})
				if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
					t.Fatal(err)
				}
				tx.ends(t, 0, "")
				rx.ends(t, 0, "  -")
				if !strings.Contains(rx.said.String(), want.said.String()) {
					t.Errorf("%s, want %s", &rx.said, &want.said)
				}
			})
		}
	}
}
