package affinity

import (
	"runtime"
	"slices"
	"testing"
)

func TestAllowedAscends(t *testing.T) {
	cpus, err := Allowed()
	if err != nil {
		t.Fatal(err)
	}
	if len(cpus) == 0 || len(cpus) < runtime.NumCPU() {
		t.Errorf("%d CPUs allowed, the runtime started with %d", len(cpus), runtime.NumCPU())
	}
	for i := 1; i < len(cpus); i++ {
		if cpus[i] <= cpus[i-1] {
			t.Fatalf("%v does not ascend", cpus)
		}
	}
}

// onThread runs f on a thread of its own, which is discarded afterwards.
func onThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		f()
	}()
	<-done
}

func TestPinTiesTheThreadAlone(t *testing.T) {
	before, err := Allowed()
	if err != nil {
		t.Fatal(err)
	}
	for _, cpu := range before {
		onThread(func() {
			if err := Pin(cpu); err != nil {
				t.Error(err)
				return
			}
			if got, err := Allowed(); err != nil || !slices.Equal(got, []int{cpu}) {
				t.Errorf("pinned to %d, allowed %v, %v", cpu, got, err)
			}
		})
	}
	if after, err := Allowed(); err != nil || !slices.Equal(after, before) {
		t.Errorf("allowed %v before and %v after, %v", before, after, err)
	}
}

func TestPinRefuses(t *testing.T) {
	before, err := Allowed()
	if err != nil {
		t.Fatal(err)
	}
	for _, cpu := range []int{-1, MaxCPUs, MaxCPUs - 1} {
		if slices.Contains(before, cpu) {
			continue
		}
		onThread(func() {
			if err := Pin(cpu); err == nil {
				t.Errorf("pinned to CPU %d", cpu)
			}
			if got, err := Allowed(); err != nil || !slices.Equal(got, before) {
				t.Errorf("allowed %v after a refusal, want %v, %v", got, before, err)
			}
		})
	}
}

func TestMaskReachesAllCPUs(t *testing.T) {
	var mask cpuMask
	want := []int{0, 63, 64, 1023, 1024, MaxCPUs - 1}
	for _, cpu := range want {
		mask.add(cpu)
	}
	if got := mask.list(); !slices.Equal(got, want) {
		t.Errorf("mask of %v lists %v", want, got)
	}
}

func TestLoops(t *testing.T) {
	for _, c := range []struct{ allowed, threads, want int }{
		{1, 16, 1},
		{2, 16, 1},
		{3, 16, 1},
		{4, 16, 2},
		{15, 16, 7},
		{16, 16, 8},
		{128, 64, 8},
		{128, 3, 3},
		{128, 1, 1},
		{0, 0, 1},
	} {
		if got := Loops(c.allowed, c.threads); got != c.want {
			t.Errorf("Loops(%d, %d) is %d, want %d", c.allowed, c.threads, got, c.want)
		}
	}
}
