package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"viamillipede/bench/result"
	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// reporting are the keywords that tell programs of a stream.
func reporting() []keyword {
	return []keyword{
		{
			name: jsonWord,
			args: []argument{outputFile(func(inv *invocation, name string) { inv.account = name })},
			gist: "write to FILE, as JSON, what the stream did",
			more: `
The final summary for programs, also of a stream that failed: bytes, seconds, links
lost, what was sent again, the paths, and the exit status. An existing file is replaced
when the stream has ended. "viamillipede bench diff" compares two of them. For bench it
is all results and settings, and - is standard output.`,
		},
	}
}

// account is the final summary for programs: one result for each side, in the form of the files of bench.
type account struct {
	out  *result.Output
	file result.File
}

// openAccount opens the file, before anything is sent; with no name, none. The error is an *engine.Error.
func openAccount(name string) (*account, error) {
	out, err := result.Create(name)
	if err != nil {
		return nil, &engine.Error{Status: engine.StatusUsage, Reason: "the summary cannot be written", Err: err}
	}
	return &account{out, result.File{Program: "viamillipede " + version, Time: time.Now().UTC().Format(time.RFC3339)}}, nil
}

// add adds, unless a is nil, what one side, tx or rx, did, and how it ended.
func (a *account) add(side string, s observe.Summary, err error) {
	if a == nil {
		return
	}
	r := result.Result{
		Name:   fmt.Sprintf("Stream/end=%s-%d", side, runtime.GOMAXPROCS(0)),
		Config: map[string]string{"engine-path": words.EnginePath(s.EnginePath), "status": "0"},
		Values: map[string]float64{"B": float64(s.Bytes), "s": s.Elapsed.Seconds(), "lost-links": float64(s.LinksLost)},
	}
	if s.Unsent > 0 {
		r.Values["unsent-B"] = float64(s.Unsent)
	}
	if s.Elapsed > 0 {
		r.Values["MB/s"] = float64(s.Bytes-min(s.Unsent, s.Bytes)) / s.Elapsed.Seconds() / 1e6
	}
	if err != nil {
		r.Config["status"] = fmt.Sprint(int(engine.ExitStatus(err)))
		r.Config["error"] = strings.Join(strings.Fields(err.Error()), " ")
	}
	if c := s.Coding; c != nil {
		r.Config["sidechain"] = c.Chain
		r.Values["coded-B"], r.Values["coded-from-B"], r.Values["coding-s"] = float64(c.Coded), float64(c.Raw), c.CPU.Seconds()
	}
	if side == "rx" {
		r.Values["refused"], r.Values["moved-links"] = float64(s.Refused), float64(s.Moved)
	} else {
		addSent(&r, s)
	}
	a.file.Results = append(a.file.Results, r)
}

// addSent adds what only a sender knows.
func addSent(r *result.Result, s observe.Summary) {
	r.Values["cut-links"] = float64(s.Cuts)
	r.Values["resent-legs"], r.Values["resent-B"] = float64(s.LegsResent), float64(s.BytesResent)
	r.Values["window-full-s"] = s.WindowFull.Seconds()
	for i, p := range s.Paths {
		name := fmt.Sprintf("path-%d", i+1)
		r.Config[name] = p.Name
		if p.NeverUp {
			r.Config[name+"-never-up"] = words.LastAttempt(p.Last)
		}
		r.Values[name+"-B"], r.Values[name+"-head"] = float64(p.Bytes), p.Head
		r.Values[name+"-lost-links"], r.Values[name+"-RTT-s"] = float64(p.LinksLost), p.RTT.Seconds()
		r.Values[name+"-rescued-from"], r.Values[name+"-rescued-to"] = float64(p.RescuedFrom), float64(p.RescuedTo)
	}
}

// write puts the file in its place, and returns the exit status: that of the stream, or, where that was delivered and the file
// could not be written, the one that goes with it.
func (a *account) write(status engine.Status) engine.Status {
	err := a.out.Write(a.file.WriteJSON)
	if err == nil {
		return status
	}
	own := failed(ownPrefix, &engine.Error{Status: engine.StatusLocalPipe, Reason: "cannot write the summary", Err: err})
	if status == engine.StatusDone {
		return own
	}
	return status
}
