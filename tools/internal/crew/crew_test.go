package crew

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain lets the test program be one that moves between CPUs.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "move" {
		moves, err := strconv.Atoi(os.Args[2])
		if err != nil || !move(moves) {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// move has a thread that is not the process's first go from one CPU to another so many times.
func move(times int) bool {
	var all unix.CPUSet
	if unix.SchedGetaffinity(0, &all) != nil {
		return false
	}
	var cpus []int
	for cpu := range 1024 {
		if all.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	var threads sync.WaitGroup
	ok := true
	runtime.LockOSThread()
	threads.Go(func() {
		runtime.LockOSThread()
		for i := range times {
			var one unix.CPUSet
			one.Set(cpus[i%len(cpus)])
			ok = ok && unix.SchedSetaffinity(0, &one) == nil
		}
	})
	threads.Wait()
	return ok
}

// The migrations and waits of a thread that comes later are counted, and the process runs as any other.
func TestCountedCost(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("needs two CPUs")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := New(t.Context())
	defer c.End()
	const moves = 1000
	p, err := c.StartCounted([]string{self, "move", strconv.Itoa(moves)}, nil, nil)
	if err != nil {
		t.Skipf("cannot count: %v", err)
	}
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	cost, err := p.Cost()
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
		if got := hasListener(table, port); got != want {
			t.Errorf("port %d: %v", port, got)
		}
	}
}

// A program that ends instead of listening is not waited for.
func TestNobodyListens(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := New(t.Context())
	defer c.End()
	p, err := c.Start([]string{self, "move", "x"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Listening(p, 1); err == nil || c.Context().Err() != nil {
		t.Errorf("error %v, time %v", err, c.Context().Err())
	}
	if p.ProcessState.ExitCode() != 1 {
		t.Errorf("the end of the process is %v", p.ProcessState)
	}
}
