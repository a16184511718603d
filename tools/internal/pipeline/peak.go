package pipeline

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const peakPoll = 20 * time.Millisecond // between two looks at a process

// peak is the most resident memory that was seen of a process, in MiB; 0 if nobody looked. The watch ends with the first call.
func (p *Child) peak() float64 {
	if p.watch == nil {
		return 0
	}
	return p.watch.stop()
}

// watch polls the peak of a process (VmHWM, proc_pid_status(5)), since it cannot be read once the process has ended. The
// peak that wait4(2) reports would include the parent's.
type watch struct {
	quit chan struct{}
	end  sync.Once     // closes quit
	done chan struct{} // closed by run; mib is the caller's from then on
	mib  float64
}

func watchPeak(pid int) *watch {
	w := &watch{quit: make(chan struct{}), done: make(chan struct{})}
	go w.run(fmt.Sprintf("/proc/%d/status", pid))
	return w
}

func (w *watch) run(file string) {
	defer close(w.done)
	tick := time.NewTicker(peakPoll)
	defer tick.Stop()
	for {
		if text, err := os.ReadFile(file); err == nil {
			if kib, err := parsePeak(string(text)); err == nil {
				w.mib = float64(kib) / 1024
			}
		}
		select {
		case <-tick.C:
		case <-w.quit:
			return
		}
	}
}

// stop ends the watch and returns the last peak seen, in MiB. It may be called again.
func (w *watch) stop() float64 {
	w.end.Do(func() { close(w.quit) })
	<-w.done
	return w.mib
}

// parsePeak finds VmHWM, in KiB.
func parsePeak(status string) (int64, error) {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		}
	}
	return 0, fmt.Errorf("no VmHWM in the status of a process")
}
