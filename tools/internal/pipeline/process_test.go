package pipeline

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"viamillipede/tools/internal/ends"
)

// TestMain lets the test program be a producer, a consumer, both ends, and one that moves between CPUs.
func TestMain(m *testing.M) {
	if status, ok := ends.Play(os.Args[1:]); ok {
		os.Exit(status)
	}
	play := map[string]func(args []string) error{"move": move, "rx": relayRX, "tx": relayTX}
	if len(os.Args) == 3 && play[os.Args[1]] != nil {
		if err := play[os.Args[1]](os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// own is the test program.
func own(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// move has a thread that is not the process's first go from one CPU to another so many times.
func move(args []string) error {
	times, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	var cpus []int
	for cpu := range 1024 {
		if all.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	var threads sync.WaitGroup
	runtime.LockOSThread()
	threads.Go(func() {
		runtime.LockOSThread()
		for i := range times {
			var one unix.CPUSet
			one.Set(cpus[i%len(cpus)])
			err = cmp.Or(err, unix.SchedSetaffinity(0, &one))
		}
	})
	threads.Wait()
	return err
}

// The migrations and waits of a thread that comes later are counted, and the process runs as any other.
func TestCountedCost(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("needs two CPUs")
	}
	c := newCrew(t.Context(), Limit, 0)
	defer c.end()
	const moves = 1000
	p, err := c.start(job{argv: []string{own(t), "move", strconv.Itoa(moves)}, counted: true})
	if err != nil {
		t.Skipf("cannot count: %v", err)
	}
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	cost, err := p.cost()
	if err != nil {
		t.Skipf("cannot count: %v", err)
	}
	t.Logf("%+v", cost)
	if cost.Migrations < moves-1 || cost.Migrations > 10*moves || cost.Waits == 0 || cost.Seconds <= 0 {
		t.Errorf("a process that moves %d times cost %+v", moves, cost)
	}
	if half := cost.PerGiB(2 << 30); half.Migrations != cost.Migrations/2 || half.Waits != cost.Waits/2 {
		t.Errorf("%+v for each of 2 GiB", half)
	}
}

func TestHasListener(t *testing.T) {
	table := "  sl  local_address rem_address   st\n" +
		"   0: 0100007F:4E20 00000000:0000 0A 0\n   1: 0100007F:4E21 0100007F:4E20 01 0\n"
	for port, want := range map[uint16]bool{20000: true, 20001: false, 20002: false} {
		if got := HasListener(table, port); got != want {
			t.Errorf("port %d: %v", port, got)
		}
	}
}

// A program that ends instead of listening is not waited for.
func TestNobodyListens(t *testing.T) {
	c := newCrew(t.Context(), Limit, 0)
	defer c.end()
	p, err := c.start(job{argv: []string{own(t), "move", "x"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.listening(p, 1); err == nil || c.ctx.Err() != nil {
		t.Errorf("error %v, time %v", err, c.ctx.Err())
	}
	if p.ProcessState.ExitCode() != 1 {
		t.Errorf("the end of the process is %v", p.ProcessState)
	}
}
