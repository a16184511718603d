package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/pkg/profile"

	"viamillipede/engine"
)

// profileKind is one kind of profile of this program.
type profileKind struct {
	name   string
	file   string                   // as the library calls it
	set    []func(*profile.Profile) // the library's settings
	memory bool
	moment bool // it shows what is there at one moment, of which little is left at the end of the program
}

// profileKinds are all kinds, in the order of the help text. It is MemProfile that gives allocs and heap a rate: by
// themselves they only say what a reader is shown first.
func profileKinds() []profileKind {
	type settings = []func(*profile.Profile)
	return []profileKind{
		{name: "cpu", file: "cpu.pprof", set: settings{profile.CPUProfile}},
		{name: "mem", file: "mem.pprof", set: settings{profile.MemProfile}, memory: true, moment: true},
		{name: "allocs", file: "mem.pprof", set: settings{profile.MemProfile, profile.MemProfileAllocs}, memory: true},
		{name: "heap", file: "mem.pprof", set: settings{profile.MemProfile, profile.MemProfileHeap}, memory: true, moment: true},
		{name: "block", file: "block.pprof", set: settings{profile.BlockProfile}},
		{name: "mutex", file: "mutex.pprof", set: settings{profile.MutexProfile}},
		{name: "goroutine", file: "goroutine.pprof", set: settings{profile.GoroutineProfile}, moment: true},
		{name: "threads", file: "threadcreation.pprof", set: settings{profile.ThreadcreationProfile}},
		{name: "trace", file: "trace.out", set: settings{profile.TraceProfile}},
		{name: "clock", file: "clock.pprof", set: settings{profile.ClockProfile}},
	}
}

// profiler is a profile of this program while it is being taken. The zero value takes none.
type profiler struct {
	kind profileKind
	once sync.Once
	stop func() // nil: there is no profile
}

// startProfile begins a profile of a kind of profileKinds, or none where that is "", in the folder dir, which is made when it
// is not there. The error is an *engine.Error of engine.StatusUsage. A process has one profile at a time.
func startProfile(kind, dir string) (*profiler, error) {
	for _, k := range profileKinds() {
		if k.name != kind {
			continue
		}
		if err := k.prepare(dir); err != nil {
			return nil, &engine.Error{Status: engine.StatusUsage, Reason: "profile", Err: err}
		}
		// The library is to say nothing and to leave signals alone: both are done here, and by its own hook a stream would be
		// cut off with status 0.
		set := append(k.set, profile.ProfilePath(dir), profile.Quiet, profile.NoShutdownHook)
		return &profiler{kind: k, stop: profile.Start(set...).Stop}, nil
	}
	return &profiler{}, nil
}

// prepare makes the profile's file. What cannot be written is found here: the library would end the program at once.
func (k profileKind) prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, k.file))
	if err != nil {
		return err
	}
	return f.Close()
}

// Stop completes the profile's file. It may be called more than once and from any goroutine; every call returns after
// the file is complete.
func (p *profiler) Stop() {
	if p.stop == nil {
		return
	}
	p.once.Do(func() {
		if p.kind.memory {
			runtime.GC() // the runtime tells what the last collection has seen
		}
		p.stop()
	})
}

// told gives what is to be called in place of cancel when the program is told to stop: a profile of one moment is taken
// first. That takes no longer than what is done at once (atOnceWithin), whatever the folder is on.
func (p *profiler) told(cancel context.CancelCauseFunc) context.CancelCauseFunc {
	if !p.kind.moment {
		return cancel
	}
	return func(cause error) {
		bounded(atOnceWithin, p.Stop)
		cancel(cause)
	}
}
