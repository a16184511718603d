package enginetest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Held is what a process holds. Take it before a test and Check it after.
type Held struct{ fds, goroutines, threads int }

// Hold counts what the process holds now, including what Go's runtime makes only once: its poller exists after the first pipe.
func Hold() Held {
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	return count()
}

func count() Held {
	return Held{entries("/proc/self/fd"), runtime.NumGoroutine(), entries("/proc/self/task")}
}

// Idle threads that Go's runtime may keep beyond what it had: it starts them when others are in the kernel, and never
// ends them. A loop's own thread ends with the loop. So there may be one for each loop of 16 streams at once, of up to 3 loops
// at either end.
const spareThreads = 96

// Check waits, for half a minute at most, until no more is held than before; an error says what is.
func (h Held) Check() error {
	var now Held
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		now = count()
		if now.fds <= h.fds && now.goroutines <= h.goroutines && now.threads <= h.threads+spareThreads {
			return nil
		}
		if time.Now().After(deadline) {
			break
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "held: %d descriptors, were %d; %d goroutines, were %d; %d threads, were %d", now.fds, h.fds,
		now.goroutines, h.goroutines, now.threads, h.threads)
	if now.fds > h.fds {
		b.WriteString(describe())
	}
	if now.goroutines > h.goroutines {
		stacks := make([]byte, 64<<10)
		b.WriteString("\n" + string(stacks[:runtime.Stack(stacks, true)]))
	}
	return fmt.Errorf("%s", b.String())
}

// describe lists what every descriptor is.
func describe() string {
	var b strings.Builder
	list, _ := os.ReadDir("/proc/self/fd")
	for _, e := range list {
		to, _ := os.Readlink("/proc/self/fd/" + e.Name())
		b.WriteString("\n" + e.Name() + " " + to)
	}
	return b.String()
}

func entries(dir string) int {
	list, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	return len(list)
}
