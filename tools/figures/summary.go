package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"viamillipede/bench/result"
	"viamillipede/tools/internal/pipeline"
)

// In a command, summaryFile stands for the file that the summary goes to.
const summaryFile = "FILE"

// told makes the sender report what it did, in a form for programs.
func (c contender) told() contender {
	c.ours, c.tx = true, append(slices.Clone(c.tx), "json", summaryFile)
	return c
}

// sum is the part of a sender's final summary that the measurements use.
type sum struct {
	lost, resent float64 // links, bytes
	referred     bool    // no leg was copied: all went by reference
}

// summary is where a sender's summary goes.
type summary struct{ dir string }

// ask puts a real file into the command of tx. The caller must call forget, also after an error.
func (s *summary) ask(plan *pipeline.Plan) (err error) {
	if s.dir, err = os.MkdirTemp("", "figures-"); err != nil {
		return err
	}
	plan.TX.Command = slices.Clone(plan.TX.Command)
	plan.TX.Command[slices.Index(plan.TX.Command, summaryFile)] = s.file()
	return nil
}

func (s *summary) file() string { return filepath.Join(s.dir, "summary") }

func (s *summary) forget() { _ = os.RemoveAll(s.dir) } // anything left is in a temporary folder

// read returns the summary of the one sender.
func (s *summary) read() (sum, error) {
	f, err := result.Read(s.file())
	if err != nil {
		return sum{}, err
	}
	if len(f.Results) != 1 {
		return sum{}, fmt.Errorf("a summary of %d ends, want one", len(f.Results))
	}
	lost, okLost := f.Results[0].Values["lost-links"]
	resent, okResent := f.Results[0].Values["resent-B"]
	if !okLost || !okResent {
		return sum{}, fmt.Errorf("a summary without lost-links or resent-B: %v", f.Results[0].Values)
	}
	return sum{lost, resent, byReference(f.Results[0].Config["engine-path"])}, nil
}

// legsCopied finds how many legs an engine path copied.
var legsCopied = regexp.MustCompile(`, (\d+) legs copied`)

// byReference reports whether all legs of a file or pipe went by reference, as the engine path of a summary tells it.
func byReference(enginePath string) bool {
	if strings.HasPrefix(enginePath, "copy") || strings.Contains(enginePath, "where links leave") {
		return false
	}
	m := legsCopied.FindStringSubmatch(enginePath)
	return enginePath != "" && (m == nil || m[1] == "0")
}
