package main

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"sync"

	"viamillipede/engine"
)

// profiler is a profile of this program while it is being taken. The zero value takes none.
type profiler struct {
	once sync.Once
	stop func()
}

// Stop completes the profile's file. It may be called more than once and from any goroutine; every call returns after
// the file is complete.
func (p *profiler) Stop() {
	if p.stop != nil {
		p.once.Do(p.stop)
	}
}

// startProfile begins a profile of the kind ("cpu", "mem", "trace", or "" for none) in the folder dir, which is made
// when it is not there. The error is an *engine.Error of engine.StatusUsage.
//
// The runtime's own packages are used as they are: a library around them would bring an HTTP server along, which costs
// every run, profiled or not, some milliseconds at its start.
func startProfile(kind, dir string) (*profiler, error) {
	if kind == "" {
		return &profiler{}, nil
	}
	stop, err := profileTo(kind, dir)
	if err != nil {
		return nil, &engine.Error{Status: engine.StatusUsage, Reason: "profile", Err: err}
	}
	return &profiler{stop: stop}, nil
}

// profileTo begins the profile; stop writes what is left of it and closes its file.
func profileTo(kind, dir string) (stop func(), err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	name := kind + ".pprof"
	if kind == "trace" {
		name = "trace.out"
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	var end func()
	switch kind {
	case "mem":
		end = func() { writeHeap(f) }
	case "trace":
		err, end = trace.Start(f), trace.Stop
	default:
		err, end = pprof.StartCPUProfile(f), pprof.StopCPUProfile
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return func() { end(); f.Close() }, nil
}

// writeHeap writes what is on the heap now, after a collection, and what was ever allocated.
func writeHeap(f *os.File) {
	runtime.GC()
	if err := pprof.Lookup("allocs").WriteTo(f, 0); err != nil {
		say(ownPrefix, "profile: "+err.Error())
	}
}
