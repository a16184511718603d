package main

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/pkg/profile"

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
func startProfile(kind, dir string) (*profiler, error) {
	if kind == "" {
		return &profiler{}, nil
	}
	mode, file := profileMode(kind)
	// The library ends the program when it cannot write, so that is tried first.
	if err := tryFile(dir, file); err != nil {
		return nil, &engine.Error{Status: engine.StatusUsage, Reason: "profile", Err: err}
	}
	p := profile.Start(mode, profile.ProfilePath(dir), profile.NoShutdownHook, profile.Quiet)
	return &profiler{stop: p.Stop}, nil
}

// profileMode is the library's name for the kind, and the file that it writes.
func profileMode(kind string) (mode func(*profile.Profile), file string) {
	switch kind {
	case "mem":
		return profile.MemProfile, "mem.pprof"
	case "trace":
		return profile.TraceProfile, "trace.out"
	}
	return profile.CPUProfile, "cpu.pprof"
}

func tryFile(dir, file string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	return f.Close()
}
