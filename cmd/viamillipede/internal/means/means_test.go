package means

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"viamillipede/engine"
	"viamillipede/netio/host"
)

func TestDivide(t *testing.T) {
	for _, c := range []struct {
		name            string
		have, room      int
		procs, ends     int
		aside           int
		loops, maxprocs int
		kept            int
		fails           string
	}{
		{"no limit", 5, host.Unlimited, 64, 2, 0, 0, 0, 0, ""},
		{"enough", 5, 192, 8, 1, 0, 0, 0, 0, ""},
		{"enough for few CPUs only", 5, 192, 64, 1, 0, 12, 12, 24, ""},
		{"the least", 4, 8, 8, 1, 0, 1, 1, 8, ""},
		{"less", 4, 7, 8, 1, 0, 0, 0, 0, "cannot start: a cage allows 11 threads, and at least 12 are needed"},
		{"two ends", 4, 8, 8, 2, 0, 0, 0, 0, "cannot start: a cage allows 12 threads, and at least 13 are needed"},
		{"too few for another CPU", 4, 23, 8, 1, 0, 1, 1, 23, ""},
		{"a few more", 4, 28, 8, 1, 0, 2, 2, 24, ""},
		{"a few more for two ends", 4, 41, 2, 2, 0, 2, 2, 24, ""},
		{"a program", 4, 18, 8, 1, 10, 1, 1, 8, ""},
		{"a program too many", 4, 17, 8, 1, 10, 0, 0, 0, "cannot start: a cage allows 21 threads, and at least 22 are needed"},
		{"not enough beside a program", 4, 200, 8, 1, 10, 12, 8, 24, ""},
		{"lowered below what there is", 4, 0, 8, 1, 0, 0, 0, 0, "cannot start: a cage allows 4 threads, and at least 12 are needed"},
	} {
		got, err := divide(host.Threads{Have: c.have, Room: c.room, By: "a cage"}, c.procs, c.ends, c.aside)
		if c.fails != "" {
			if err == nil || err.Error() != c.fails || engine.ExitStatus(err) != engine.StatusLocalPipe {
				t.Errorf("%s: %+v, %v, want %s", c.name, got, err, c.fails)
			}
			continue
		}
		if want := (plan{c.loops, c.maxprocs, c.kept}); got != want || err != nil {
			t.Errorf("%s: %+v, %v, want %+v", c.name, got, err, want)
		}
	}
}

func TestMapped(t *testing.T) {
	for _, c := range []struct {
		room  int64
		ends  int
		want  int64
		fails string
	}{
		{1 << 30, 2, (1<<30 - 80<<20) / 2, ""},
		{81 << 20, 1, 1 << 20, ""},
		{81<<20 - 1, 1, 0, "cannot start: ulimit -v leaves 80M of memory to map, and at least 81M are needed"},
		{0, 2, 0, "cannot start: ulimit -v leaves 0M of memory to map, and at least 82M are needed"},
	} {
		got, err := mapped(host.Space{Room: c.room, By: "ulimit -v"}, c.ends)
		if c.fails != "" {
			if err == nil || err.Error() != c.fails || engine.ExitStatus(err) != engine.StatusLocalPipe {
				t.Errorf("%d for %d: %d, %v, want %s", c.room, c.ends, got, err, c.fails)
			}
			continue
		}
		if got != c.want || err != nil {
			t.Errorf("%d for %d: %d, %v, want %d", c.room, c.ends, got, err, c.want)
		}
	}
}

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		room  int64
		ends  int
		want  int64
		fails string
	}{
		{94 << 20, 1, 40 << 20, ""},
		{94 << 20, 2, 20 << 20, ""},
		{16 << 20, 1, 1 << 20, ""},
		{16<<20 - 1, 1, 0, "cannot start: this control group leaves 15M of memory, and at least 16M are needed"},
		{0, 2, 0, "cannot start: this control group leaves 0M of memory, and at least 18M are needed"},
	} {
		got, err := window(host.Memory{Limit: 1 << 40, Room: c.room}, c.ends)
		if got != c.want || (err == nil) != (c.fails == "") || err != nil && err.Error() != c.fails {
			t.Errorf("%d bytes for %d: %d, %v, want %d %s", c.room, c.ends, got, err, c.want, c.fails)
		}
	}
}

// A machine that says nothing bounds nothing but what the process itself has.
func TestProvideWhereNothingIsKnown(t *testing.T) {
	m, notes, err := Provide(host.Root(t.TempDir()), 1, 0)
	if err != nil || m.Loops != 0 || m.Memory != 0 || len(notes) > 0 {
		t.Errorf("%+v, %q, %v", m, notes, err)
	}
}

// Threads that were made ahead are there.
func TestHold(t *testing.T) {
	before := threads(t)
	hold(before + 5)
	if now := threads(t); now < before+5 {
		t.Errorf("%d threads, %d before", now, before)
	}
}

func threads(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(os.Getpid()), "status"))
	if err != nil {
		t.Skip(err)
	}
	m := regexp.MustCompile(`Threads:\s*(\d+)`).FindStringSubmatch(string(b))
	if m == nil {
		t.Skip("no count of threads in " + strings.SplitN(string(b), "\n", 2)[0])
	}
	n, _ := strconv.Atoi(m[1])
	return n
}
