package sidechain

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"viamillipede/netio"
)

// Task is work that a Coder is needed for.
type Task interface{ Do(*Coder) }

// Crew is some goroutines, each with a Coder, that do one task after the other. They share nothing but the queue.
type Crew struct {
	chain Chain
	tasks chan Task
	quit  chan struct{}
	all   sync.WaitGroup
	fault func(p any)

	spent atomic.Int64 // CPU time, in nanoseconds
}

// NewCrew makes a crew for pieces of at most most bytes, which is given at most queue tasks at a time. auto is that of a chain that
// chooses. fault hears of a panic in a task; the goroutine ends with it. The caller stops the crew.
func NewCrew(c Chain, workers, most, queue int, auto *Auto, fault func(p any)) *Crew {
	w := &Crew{chain: c, tasks: make(chan Task, queue), quit: make(chan struct{}), fault: fault}
	for range workers {
		w.all.Go(func() { w.work(NewCoder(c, most, auto)) })
	}
	return w
}

// Workers is how many goroutines a crew should have: one for each CPU that this process may use, but no more than most, unless that is 0.
func Workers(most int) int {
	n := min(runtime.NumCPU(), runtime.GOMAXPROCS(0))
	if most > 0 {
		n = min(n, most)
	}
	return n
}

// Give has a task done. It does not wait: there are no more than NewCrew was told.
func (w *Crew) Give(t Task) { w.tasks <- t }

// work is what each goroutine does. It has a thread of its own, so that its CPU time can be told.
func (w *Crew) work(k *Coder) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer func() {
		if p := recover(); p != nil {
			w.fault(p)
		}
	}()
	defer k.Close()
	for {
		select {
		case <-w.quit:
			return
		case t := <-w.tasks:
			select {
			case <-w.quit:
				return
			default:
			}
			before := netio.ThreadTime()
			t.Do(k)
			w.spent.Add(int64(netio.ThreadTime() - before))
		}
	}
}

// Spent is the CPU time of the crew so far, programs included. Any goroutine may call it.
func (w *Crew) Spent() time.Duration {
	spent := time.Duration(w.spent.Load())
	for _, s := range w.chain.Steps {
		if s.Program != nil {
			spent += s.Program.Spent()
		}
	}
	return spent
}

// Stop ends the programs and the goroutines, and returns when none is at work any more. Tasks that none has begun are not done.
func (w *Crew) Stop() {
	close(w.quit)
	w.chain.End()
	w.all.Wait()
}
