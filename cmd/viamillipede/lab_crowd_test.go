package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio/lab"
)

// Many streams at a receiver that stays: what happens to one of them is nothing to the others, and leaves nothing behind.

const (
	crowdSize = 512 << 10       // bytes of a stream
	crowdTime = 2 * time.Minute // for what a crowd waits for, on a machine that is busy
)

// throng is a receiver that stays, and its senders. Each stream has a consumer of its own, which writes into a file.
type throng struct {
	t       *testing.T
	p       programs
	lab     *lab.Lab
	dir     string
	full    string // a folder on a full disk, more or less
	rx      *lab.Cmd
	said    *lab.Text
	dead    string    // seconds
	bare    lab.Usage // of a receiver that has not met anybody
	members []*member
}

// member is a stream of a crowd: its sender, and what it sends.
type member struct {
	crowd  *throng
	number int
	folder string // of its file
	data   []byte
	tx     *lab.Cmd
	said   *lab.Text
	rest   chan struct{} // closed when the second half is to be sent
	fed    sync.WaitGroup
}

// gather makes two hosts, and a receiver for so many streams.
func (p programs) gather(t *testing.T, streams int, dead string) *throng {
	t.Helper()
	c := &throng{t: t, p: p, dead: dead, lab: lab.New(t, lab.Config{Paths: 2}), dir: t.TempDir()}
	c.full = filepath.Join(c.dir, "full")
	err := errors.Join(os.Mkdir(c.full, 0o755), unix.Mount("lab", c.full, "tmpfs", 0, "size=64k"))
	if err != nil {
		t.Skipf("no small disk: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(c.full, unix.MNT_DETACH) })
	c.listen(streams)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("rx:\n%s", digest(c.said.String()))
		}
	})
	return c
}

// listen starts the receiver.
func (c *throng) listen(streams int) {
	c.t.Helper()
	consume := fmt.Sprintf(`read n d; echo $$ >%[1]s/pid.$n.new; mv %[1]s/pid.$n.new %[1]s/pid.$n; exec cat >$d/out.$n`, c.dir)
	c.rx, c.said = c.lab.Command(context.Background(), lab.RX, c.p.viamillipede, "rx", fmt.Sprint(labPort), "keep", fmt.Sprint(streams), "window", "1M",
		"dead", c.dead, "exec", consume), new(lab.Text)
	c.rx.Stderr = c.said
	if err := c.rx.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.until("the receiver listens", func() bool { return strings.Contains(c.said.String(), "listening on ") })
	c.bare = c.usage()
}

// join starts more senders, of which each has sent the first half of its stream when it returns.
func (c *throng) join(streams int) []*member {
	c.t.Helper()
	first := len(c.members)
	for range streams {
		m := &member{crowd: c, number: len(c.members), folder: c.dir, rest: make(chan struct{})}
		if m.number == 1 {
			m.folder = c.full
		}
		m.start()
		c.members = append(c.members, m)
	}
	for _, m := range c.members[first:] {
		c.until(fmt.Sprintf("the first half of stream %d", m.number), func() bool { return m.size() > 0 })
	}
	return c.members[first:]
}

// start starts a sender.
func (m *member) start() {
	c := m.crowd
	c.t.Helper()
	m.data = make([]byte, crowdSize)
	_, _ = rand.NewChaCha8([32]byte{byte(m.number), byte(m.number >> 8)}).Read(m.data)
	r, w, err := os.Pipe()
	if err != nil {
		c.t.Fatal(err)
	}
	words := append(toPaths(c.lab, 0, 1), "threads", "2", "window", "1M")
	m.tx, m.said = c.lab.Command(context.Background(), lab.TX, c.p.viamillipede, words...), new(lab.Text)
	m.tx.Stdin, m.tx.Stderr = r, m.said
	if err := m.tx.Start(); err != nil {
		c.t.Fatal(err)
	}
	r.Close()
	m.fed.Go(func() {
		defer w.Close()
		if _, err := fmt.Fprintf(w, "%d %s\n", m.number, m.folder); err != nil {
			return
		}
		half := crowdSize / 2
		if m.folder == c.full {
			half = 1 << 10 // it is to be full in the second half
		}
		if _, err := w.Write(m.data[:half]); err != nil {
			return
		}
		<-m.rest
		_, _ = w.Write(m.data[half:])
	})
}

// file is where a stream goes.
func (m *member) file() string { return filepath.Join(m.folder, fmt.Sprintf("out.%d", m.number)) }

// size is how much of it has come.
func (m *member) size() int64 {
	info, err := os.Stat(m.file())
	if err != nil {
		return 0
	}
	return info.Size()
}

// consumer is the process of its consumer.
func (m *member) consumer() int {
	m.crowd.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.crowd.dir, fmt.Sprintf("pid.%d", m.number)))
	pid, bad := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || bad != nil {
		m.crowd.t.Fatal(err, bad)
	}
	return pid
}

// goOn has streams be sent to their ends.
func (c *throng) goOn(members ...*member) {
	for _, m := range members {
		close(m.rest)
	}
}

// ends checks how senders end, and what has come out: all of it where that is 0, and nothing else in any case.
func (c *throng) ends(status int, members ...*member) {
	c.t.Helper()
	for _, m := range members {
		got := make(chan int, 1)
		go func() { got <- m.tx.Status() }()
		select {
		case s := <-got:
			if s != status {
				c.t.Errorf("stream %d ends with %d, want %d\n%s", m.number, s, status, digest(m.said.String()))
			}
		case <-time.After(crowdTime):
			c.t.Fatalf("stream %d does not end\n%s", m.number, digest(m.said.String()))
		}
		out, err := os.ReadFile(m.file())
		if err != nil || !bytes.HasPrefix(m.data, out) || status == 0 && len(out) < len(m.data) {
			c.t.Errorf("stream %d: %d of %d bytes, or others, %v", m.number, len(out), len(m.data), err)
		}
	}
}

// gone waits until the consumers of streams are.
func (c *throng) gone(members ...*member) {
	c.t.Helper()
	for _, m := range members {
		pid := m.consumer()
		c.until("a consumer is gone", func() bool { return ended(pid) })
	}
}

// ended reports whether a process has ended, waited for or not.
func ended(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(text), ") Z ")
}

// leaves checks that the receiver has what it had when it was new, and nothing else.
func (c *throng) leaves() {
	c.t.Helper()
	c.until("the receiver has let go of all", func() bool { return c.usage().Files <= c.bare.Files && c.children() == 0 })
}

// children is how many processes the receiver has.
func (c *throng) children() (n int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", c.rx.Process.Pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		n += len(strings.Fields(string(text)))
	}
	return n
}

func (c *throng) usage() lab.Usage {
	c.t.Helper()
	u, err := lab.UsageOf(c.rx.Process.Pid)
	if err != nil {
		c.t.Fatal(err)
	}
	return u
}

// signal sends one to the receiver.
func (c *throng) signal(s syscall.Signal) {
	c.t.Helper()
	if err := c.rx.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// over ends the receiver, which has nothing to complain of.
func (c *throng) over() {
	c.t.Helper()
	c.signal(syscall.SIGTERM)
	if status := c.rx.Status(); status != 0 {
		c.t.Errorf("the receiver ends with %d", status)
	}
}

func (c *throng) until(what string, is func() bool) {
	c.t.Helper()
	for late := time.Now().Add(crowdTime); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			_ = c.rx.Process.Signal(syscall.SIGUSR1)
			time.Sleep(dumpTime)
			c.t.Fatalf("not in time: %s", what)
		}
	}
}

// cutLinks cuts a link of any of the streams now and then, until stop is called, and counts them.
func (c *throng) cutLinks(every time.Duration, port uint16) (cuts *atomic.Int64, stop func()) {
	cuts = new(atomic.Int64)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		rng := rand.New(rand.NewPCG(killSeed, 2))
		for ticker := time.NewTicker(every); ; {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				ticker.Stop()
				return
			}
			_, err := c.lab.DestroyRandom(lab.TX, rng, port)
			switch {
			case err == nil:
				cuts.Add(1)
			case !errors.Is(err, lab.ErrNoConnection):
				c.t.Error(err)
				return
			}
		}
	})
	return cuts, func() { cancel(); done.Wait() }
}

// crowdCases are what may happen to a crowd of so many streams. Each leaves a receiver that is well.
var crowdCases = []struct {
	name string
	dead string // of the receiver, in seconds: where links are cut, one may be away for long on a busy machine
	run  func(c *throng, streams int)
}{
	{"links are cut", "60", func(c *throng, streams int) {
		cuts, stop := c.cutLinks(killEvery, labPort)
		defer stop()
		all := c.joinWell(streams)
		before := cuts.Load()
		c.until("links are cut", func() bool { return cuts.Load() >= before+int64(streams)+5 })
		c.goOn(all...)
		c.ends(0, all...)
	}},
	{"a sender is killed", "1", func(c *throng, streams int) {
		all := c.joinWell(streams)
		_ = all[0].tx.Process.Kill()
		c.goOn(all...)
		c.ends(0, all[1:]...)
		c.ends(128+9, all[0])
		c.gone(all...)
	}},
	{"a consumer is killed", "60", func(c *throng, streams int) {
		all := c.joinWell(streams)
		_ = syscall.Kill(all[0].consumer(), syscall.SIGKILL)
		c.goOn(all...)
		c.ends(0, all[1:]...)
		c.ends(7, all[0])
	}},
	{"a consumer is stopped", "60", func(c *throng, streams int) {
		all := c.joinWell(streams)
		_ = syscall.Kill(all[0].consumer(), syscall.SIGSTOP)
		c.goOn(all...)
		c.ends(0, all[1:]...)
		if ended(all[0].tx.Process.Pid) || all[0].size() == crowdSize {
			c.t.Error("the stream whose consumer is stopped has ended")
		}
		_ = syscall.Kill(all[0].consumer(), syscall.SIGCONT)
		c.ends(0, all[0])
	}},
	{"a disk is full", "60", func(c *throng, streams int) {
		c.members = make([]*member, 1) // the next one is that of the disk
		all := c.join(streams)
		c.goOn(all...)
		c.ends(7, all[0])
		c.ends(0, all[1:]...)
	}},
	{"SIGTERM", "60", func(c *throng, streams int) {
		all := c.joinWell(streams)
		c.signal(syscall.SIGTERM)
		c.until("it takes no more", func() bool { return strings.Contains(c.said.String(), "no more peers are served") })
		late := &member{crowd: c, number: streams + 2, folder: c.dir, rest: make(chan struct{})}
		late.start()
		c.until("a late sender waits", func() bool {
			return strings.Contains(late.said.String(), "waits") || strings.Contains(late.said.String(), "turn")
		})
		c.goOn(all...)
		c.ends(0, all...)
		if status := c.rx.Status(); status != 0 {
			c.t.Errorf("the receiver ends with %d", status)
		}
		c.listen(streams)
		c.goOn(late)
		c.ends(0, late)
	}},
	{"SIGKILL", "60", func(c *throng, streams int) {
		all := c.joinWell(streams)
		c.signal(syscall.SIGKILL)
		c.rx.Status()
		c.gone(all...)
		c.listen(streams)
		c.goOn(all...)
		c.ends(5, all...)
		again := c.joinWell(streams)
		c.goOn(again...)
		c.ends(0, again...)
	}},
	{"much at once", "60", func(c *throng, streams int) {
		if streams < 6 {
			return
		}
		_, stop := c.cutLinks(killEvery, labPort)
		defer stop()
		all := c.join(streams)
		disk, dead, stopped, well := all[1], all[2], all[3], append(all[:1:1], all[4:]...)
		_ = syscall.Kill(dead.consumer(), syscall.SIGKILL)
		_ = syscall.Kill(stopped.consumer(), syscall.SIGSTOP)
		c.goOn(all...)
		c.ends(0, well...)
		c.ends(7, disk, dead)
		_ = syscall.Kill(stopped.consumer(), syscall.SIGCONT)
		c.ends(0, stopped)
		c.gone(all...)
	}},
}

// joinWell is join for streams that go to a disk which is not full.
func (c *throng) joinWell(streams int) []*member {
	c.t.Helper()
	if len(c.members) < 2 {
		c.members = make([]*member, 2)
	}
	return c.join(streams)
}

// TestLabCrowd: whatever happens to one of many streams, or to all of them, is that stream's alone, and leaves nothing behind.
func TestLabCrowd(t *testing.T) {
	p := hosts(t)
	for _, streams := range long([]int{1, 10, 100}, []int{1, 10}) {
		for _, happens := range crowdCases {
			t.Run(fmt.Sprintf("%d streams, %s", streams, happens.name), func(t *testing.T) {
				if streams < 100 {
					t.Parallel()
				}
				c := p.gather(t, streams, happens.dead)
				happens.run(c, streams)
				c.leaves()
				c.over()
			})
		}
	}
}
