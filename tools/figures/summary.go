package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"viamillipede/bench/result"
	"viamillipede/tools/internal/pipeline"
)

// summaryFile stands in a command for the file that the summary goes to.
const summaryFile = "FILE"

// told has the sender say what it did, for programs.
func (c contender) told() contender {
	c.ours, c.tx = true, append(slices.Clone(c.tx), "json", summaryFile)
	return c
}

// sum is what the measurements use of a sender's final summary.
type sum struct{ lost, resent float64 } // links, bytes

// summary is where one goes to.
type summary struct{ dir string }

// ask puts a real file into the command of tx. The caller forgets the summary, on errors too.
func (s *summary) ask(plan *pipeline.Plan) (err error) {
	if s.dir, err = os.MkdirTemp("", "figures-"); err != nil {
		return err
	}
	plan.TX.Command = slices.Clone(plan.TX.Command)
	plan.TX.Command[slices.Index(plan.TX.Command, summaryFile)] = s.file()
	return nil
}

func (s *summary) file() string { return filepath.Join(s.dir, "summary") }

func (s *summary) forget() { _ = os.RemoveAll(s.dir) } // what is left is in a folder of temporary files

// read gives the summary of the one sender.
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
	return sum{lost, resent}, nil
}
