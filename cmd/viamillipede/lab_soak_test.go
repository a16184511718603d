package main_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// A soak: streams and connections come and go at random, for as long as VIAMILLIPEDE_SOAK says, while links are cut, and the three programs
// that stay have at the end what they had near the beginning.

const (
	soakShort  = time.Minute
	soakPhases = 10                     // after each of them all streams end, and the programs are looked at
	soakCut    = 250 * time.Millisecond // between two links that are cut
	soakPause  = 350 * time.Millisecond // between two arrivals, on average
	soakMost   = 16                     // streams at a time
)

// soak is what soaks.
type soak struct {
	*throng
	tunnel *tunnel
	rng    *rand.Rand
	live   sync.WaitGroup

	streams, calls, struck atomic.Int64
	failed                 chan error
}

// TestLabSoak looks for what grows.
func TestLabSoak(t *testing.T) {
	if !long(true, false) {
		t.Skip("takes long: make lab")
	}
	lasts := soakShort
	if text := os.Getenv("VIAMILLIPEDE_SOAK"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatalf("VIAMILLIPEDE_SOAK: %v", err)
		}
	}
	p := alone(t)
	s := &soak{throng: p.gather(t, soakMost, "10"), rng: rand.New(rand.NewPCG(16, 1)), failed: make(chan error, 1000)}
	s.tunnel = p.tunnelIn(t, s.lab, labPort+1, "7", []string{"window", "1M"})
	s.echo()
	s.tunnel.listens(lab.TX, nearDoor)
	s.until("the far end listens", func() bool { return strings.Contains(s.tunnel.heard[1].String(), "listening on ") })
	programs := map[string]*lab.Cmd{"rx": s.rx, "near": s.tunnel.near, "far": s.tunnel.far}
	seen, bare := make(map[string][]lab.Usage), make(map[string]int)
	for name, c := range programs {
		u, err := lab.UsageOf(c.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		bare[name] = u.Files
	}
	for phase := range soakPhases {
		s.phase(lasts / soakPhases)
		for name, c := range programs {
			seen[name] = append(seen[name], s.rest(name, c, bare[name]))
		}
		if t.Failed() {
			t.Fatalf("in phase %d", phase)
		}
	}
	t.Logf("%d streams, %d connections, %d of them struck down, in %v", s.streams.Load(), s.calls.Load(), s.struck.Load(), lasts)
	for name, list := range seen {
		early, late := most(list[2:4]), most(list[8:])
		t.Logf("%s: %d then %d MiB (most ever %d), %d then %d descriptors, %d then %d threads, %.1f %% of a CPU", name, early.Resident>>20, late.Resident>>20,
			late.Peak>>20, early.Files, late.Files, early.Threads, late.Threads, 100*cpuOf(t, programs[name]).Seconds()/lasts.Seconds())
		if late.Files > early.Files+2 || late.Threads > early.Threads+4 || late.Resident > early.Resident*5/4+8*mib {
			t.Errorf("%s grows: %+v", name, list)
		}
	}
	for name, said := range map[string]*lab.Text{"rx": s.said, "near": s.tunnel.heard[0], "far": s.tunnel.heard[1]} {
		_ = programs[name].Process.Signal(syscall.SIGQUIT)
		s.tunnel.status(programs[name])
		n := strings.Count(said.String(), "\ngoroutine ")
		t.Logf("%s: %d goroutines", name, n)
		if n == 0 || n > soakGoroutines {
			t.Errorf("%s has %d goroutines at rest, want a few", name, n)
		}
	}
}

// soakGoroutines is more than a program that stays has while nobody is there, and far less than one for each stream that it has served.
const soakGoroutines = 40

// most is the most of each.
func most(list []lab.Usage) (u lab.Usage) {
	for _, o := range list {
		u = lab.Usage{
			Resident: max(u.Resident, o.Resident), Peak: max(u.Peak, o.Peak), Files: max(u.Files, o.Files), Threads: max(u.Threads, o.Threads),
		}
	}
	return u
}

// rest waits until a program has no more descriptors than without streams, and returns what it has.
func (s *soak) rest(name string, c *lab.Cmd, bare int) (u lab.Usage) {
	s.t.Helper()
	s.until(name+" has let go of all", func() bool {
		var err error
		if u, err = lab.UsageOf(c.Process.Pid); err != nil {
			s.t.Fatal(err)
		}
		return u.Files <= bare+1
	})
	return u
}

// phase has streams come and go for a while, and waits for the last one.
func (s *soak) phase(lasts time.Duration) {
	_, stop := s.cutLinks(soakCut, labPort)
	_, stopAlso := s.cutLinks(soakCut, labPort+1)
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		work := s.stream
		if s.rng.IntN(2) == 0 {
			work = s.call
		}
		job := job{size: int64(math.Exp(s.rng.Float64() * math.Log(4*mib))), seed: s.rng.Uint64(), struck: s.rng.IntN(10) == 0,
			pace: time.Duration(s.rng.Int64N(int64(20 * time.Millisecond)))}
		s.live.Go(func() {
			if err := work(job); err != nil {
				s.failed <- err
			}
		})
		time.Sleep(time.Duration(s.rng.ExpFloat64() * float64(soakPause)))
	}
	s.live.Wait()
	stop()
	stopAlso()
	for len(s.failed) > 0 {
		s.t.Error(<-s.failed)
	}
}

// job is one stream, or one connection: so many bytes, in pieces with pauses in between; half way it may be struck down.
type job struct {
	size   int64
	seed   uint64
	struck bool
	pace   time.Duration
}

// write writes the job's bytes, up to half if it is to be struck down.
func (j job) write(w io.Writer, sum io.Writer) error {
	r := rand.NewChaCha8([32]byte{byte(j.seed), byte(j.seed >> 8), byte(j.seed >> 16)})
	left := j.size
	if j.struck {
		left /= 2
	}
	for b := make([]byte, 64<<10); left > 0; time.Sleep(j.pace) {
		n := min(left, int64(len(b)))
		_, _ = r.Read(b[:n])
		if _, err := io.MultiWriter(w, sum).Write(b[:n]); err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// stream is a stream to the receiver.
func (s *soak) stream(j job) error {
	n := s.streams.Add(1)
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	c, said := s.lab.Command(context.Background(), lab.TX, s.p.viamillipede, append(toPaths(s.lab, 0, 1), "threads", "2", "window", "1M", "connect", "120")...), new(lab.Text)
	c.Stdin, c.Stderr = r, said
	err = c.Start()
	r.Close()
	if err != nil {
		w.Close()
		return err
	}
	sum := sha256.New()
	_, err = fmt.Fprintf(w, "%d %s\n", n, s.dir)
	if err == nil {
		err = j.write(w, sum)
	}
	if j.struck {
		s.struck.Add(1)
		_ = c.Process.Kill()
		w.Close()
		c.Status()
		return nil
	}
	w.Close()
	if status := c.Status(); status != 0 || err != nil {
		return fmt.Errorf("stream %d of %d bytes: status %d, %w\n%s", n, j.size, status, err, digest(said.String()))
	}
	file := fmt.Sprintf("%s/out.%d", s.dir, n)
	out, err := os.ReadFile(file)
	if got := sha256.Sum256(out); err != nil || !bytes.Equal(got[:], sum.Sum(nil)) {
		return fmt.Errorf("stream %d: %d bytes came out, not the %d that went in: %w", n, len(out), j.size, err)
	}
	return errors.Join(os.Remove(file), os.Remove(fmt.Sprintf("%s/pid.%d", s.dir, n)))
}

// call is a connection to the echo at the far side.
func (s *soak) call(j job) error {
	n := s.calls.Add(1)
	ctx, cancel := context.WithTimeout(context.Background(), crowdTime)
	defer cancel()
	c, err := s.lab.Dial(ctx, lab.TX, nearDoor)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(crowdTime))
	sum := sha256.New()
	back := make(chan []byte, 1)
	go func() {
		got := sha256.New()
		_, _ = io.Copy(got, c)
		back <- got.Sum(nil)
	}()
	err = j.write(c, sum)
	if j.struck {
		s.struck.Add(1)
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
		<-back
		return nil
	}
	if err == nil {
		err = c.(*net.TCPConn).CloseWrite()
	}
	if got := <-back; err != nil || !bytes.Equal(got, sum.Sum(nil)) {
		return fmt.Errorf("connection %d of %d bytes: %w, or others come back", n, j.size, err)
	}
	return nil
}

// echo is a server at the far side that sends back what comes.
func (s *soak) echo() {
	l, err := s.lab.Listen(context.Background(), lab.RX, "127.0.0.1:7")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); c.Close() }()
		}
	}()
}

// cpuOf is the CPU time that a program has used, without its children.
func cpuOf(t *testing.T, c *lab.Cmd) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var ticks int
	for _, i := range []int{11, 12} { // utime, stime, proc_pid_stat(5)
		var n int
		if _, err := fmt.Sscan(fields[i], &n); err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}
