package main

import (
	"errors"
	"io/fs"
	"os"

	"viamillipede/cmd/viamillipede/internal/child"
	"viamillipede/cmd/viamillipede/internal/part"
	"viamillipede/engine"
)

// filing is what the command line says about files in place of standard input and output.
type filing struct {
	near   *string // of the rx or tx that was read last: its file; nil: none was read yet
	loose  string  // a file that was named before any rx or tx
	source string  // of tx; "": standard input
	sink   string  // of rx; "": standard output
	resume bool    // what an earlier run has left counts
	sync   bool    // what was written is on its medium before the sender is told
}

// filed are the keywords about files as ends of a stream.
func filed() []keyword {
	return []keyword{
		{
			name: "file", many: true,
			args: []argument{path(func(inv *invocation, name string) bool { return inv.filing.name(name) })},
			gist: "a file in place of standard input or output",
			more: `
It belongs to the rx or tx that it follows, or to the only one there is. tx sends the
file without its holes. It must stay as it is until the end, else both ends fail (4).
rx writes to .NAME.viamillipede-part in the same folder, and gives it the name when
all is there: under PATH there is the old file or the whole new one. Nobody else may
touch the part: one that was removed, replaced or cut fails the stream (6). An old file
gives its mode; of a symbolic link, the file that it leads to is replaced. When the stream
fails, what has come stays in the part. Devices and FIFOs are written in place.`,
		},
		{
			name: "resume", far: true,
			gist: "do not send again what an earlier run has left",
			more: `
For a file at each end, and given at both. Both hash what is in the part of the file, in
pieces of 1M, and all pieces that are alike stay as they are: however the earlier run
ended, SIGKILL included, and if the file at tx has changed since. Without a part, all is
sent. Files of other programs do not count, PATH itself included.`,
			set: func(inv *invocation) { inv.filing.resume, inv.options.Resume = true, true },
		},
		{
			name: "sync", far: true,
			gist: "have all on the disk before the sender is told",
			more: `
For rx. The file and its folder are written to the disk (fdatasync) before tx exits with
0. It works for a file on standard output (>) too.`,
			set: func(inv *invocation) { inv.filing.sync = true },
		},
	}
}

// path is the name of a file, of whatever kind.
func path(set func(*invocation, string) bool) argument {
	return argument{
		name: "PATH", want: "a file, one for each rx or tx", literal: true,
		set: func(inv *invocation, word string) bool {
			return namesFile(word) && set(inv, word)
		},
	}
}

// name notes a file for the end that was read last; false: it has one.
func (f *filing) name(path string) bool {
	to := f.near
	if to == nil {
		to = &f.loose
	}
	if *to != "" {
		return false
	}
	*to = path
	return true
}

// completeFiles finds the end that a file was meant for which stands before any, and checks what belongs together.
func (inv *invocation) completeFiles() error {
	f := &inv.filing
	defer func() { f.near, f.loose = nil, "" }() // for reading only
	switch both := inv.rx.said() && inv.tx.said(); {
	case f.loose == "":
	case both:
		return usageError("file: must follow the rx or the tx that it belongs to, where there are both")
	case inv.rx.said():
		if f.sink != "" {
			return usageError("file: given twice")
		}
		f.sink = f.loose
	default:
		if f.source != "" {
			return usageError("file: given twice")
		}
		f.source = f.loose
	}
	switch {
	case f.source == "-" || f.sink == "-":
		return usageError("file: standard input and output are used where there is no file; ./- is a file of that name")
	case f.sync && !inv.rx.said() && inv.far.starts == 0:
		return usageError("sync: is for rx, where the stream is written")
	case f.sync && inv.rx.said() && f.sink == "" && inv.exec.command != "":
		return usageError("sync: is for what rx writes itself, and not for the program of exec")
	case f.resume && (inv.rx.said() && f.sink == "" || inv.tx.said() && f.source == ""):
		return usageError("resume: needs a file at this end")
	case f.source != "" && inv.options.PRBS:
		return usageError("file: prbs makes the stream at tx, which then reads no file")
	}
	return nil
}

// Why a file is of no use at an end.
var (
	errFolder = errors.New("it is a folder")
	errNoFile = errors.New("resume needs a regular file")
)

// openSource opens what tx reads: standard input, or a file of which the engine learns the name. That is the caller's to close once
// the stream has ended; nil is standard input.
func (inv *invocation) openSource(c *engine.SendConfig) (*os.File, error) {
	name := inv.filing.source
	switch {
	case inv.exec.writes:
		c.Source, c.Name, c.Producer = inv.exec.child.Source(), child.Quote(inv.exec.command), inv.exec.party()
		return nil, nil
	case inv.connection.writes:
		c.Source, c.Name, c.Producer = inv.connection.end.Source(), inv.connection.String(), &inv.connection
		c.Options.Charmode, c.Options.Rests = true, true
		return nil, nil
	case name == "":
		c.Source = standardInput
		if inv.options.PRBS {
			return nil, nil
		}
		return nil, checkStandard(standardInput, os.O_RDONLY, false)
	}
	f, err := os.Open(name)
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err
		}
		return nil, localPipe("cannot read "+name, err)
	}
	is, err := f.Stat()
	switch {
	case err != nil:
	case is.IsDir():
		err = errFolder
	case inv.filing.resume && !is.Mode().IsRegular():
		err = errNoFile
	}
	if err != nil {
		f.Close()
		return nil, localPipe("cannot read "+name, err)
	}
	c.Source, c.Name, c.Options.Holes = int(f.Fd()), name, true
	return f, nil
}

// openSink opens what rx writes: standard output, or the part of a file.
func (inv *invocation) openSink(s *side, c *engine.ReceiveConfig) (p *part.File, err error) {
	name := inv.filing.sink
	switch {
	case inv.exec.reads:
		c.Sink, c.SinkFile.Name, c.Consumer = inv.exec.child.Sink(), child.Quote(inv.exec.command), inv.exec.party()
		c.Options.Early = c.Options.Early || inv.exec.pty
		return nil, nil
	case inv.connection.reads:
		c.Sink, c.SinkFile.Name, c.Consumer = inv.connection.end.Sink(), inv.connection.String(), &inv.connection
		return nil, nil
	case inv.keepsFolder:
		p, f, err := inv.openFolder(c)
		s.naming = f
		return p, err
	case inv.room != nil:
		s.null, err = openNothing(c)
		return nil, err
	case name == "":
		c.Sink = standardOutput
		if err := checkStandard(standardOutput, os.O_WRONLY, inv.options.PRBS); err != nil || !inv.filing.sync {
			return nil, err
		}
		return nil, syncStandardOutput(c)
	}
	p, err = part.Create(name, inv.filing.resume)
	if err != nil {
		return nil, localPipe(err.Error(), nil)
	}
	if inv.filing.resume && !p.Placed() {
		p.Close()
		return nil, localPipe("cannot write "+name, errNoFile)
	}
	if c.Sink, err = p.FD(); err != nil {
		p.Close()
		return nil, localPipe("cannot write "+name, err)
	}
	c.SinkFile = engine.SinkFile{Name: name, Own: p.Placed(), Whole: func(bytes uint64) error {
		return p.Finish(int64(bytes), inv.filing.sync)
	}}
	return p, nil
}

// syncStandardOutput has a file that standard output is redirected to, and its folder, written to the disk at the end.
func syncStandardOutput(c *engine.ReceiveConfig) error {
	f, err := part.Standard(standardOutput)
	if f == nil || err != nil {
		return err
	}
	c.Whole = func(uint64) error { return f.Sync() }
	return nil
}

// leave closes the files of a side, once its stream has ended, and notes where what has come is kept if it is not whole.
func (s *side) leave() {
	if s.source != nil {
		s.source.Close()
	}
	if s.null != nil {
		s.null.Close()
	}
	s.naming.leave()
	if s.part != nil {
		s.kept, s.lost = s.part.Close()
	}
}

// sayKept says what is left of a file that is not whole.
func (s *side) sayKept() {
	switch {
	case s.lost != nil:
		say(s.prefix, "what has come is lost: "+s.lost.Error())
	case s.kept != "":
		say(s.prefix, "what has come is kept in "+s.kept)
	}
}
