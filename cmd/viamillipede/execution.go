package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"

	"viamillipede/cmd/viamillipede/internal/child"
	"viamillipede/engine"
	"viamillipede/engine/wire"
)

// execution is the program of exec, in place of standard input, standard output, or both.
type execution struct {
	command string                         // "": there is none
	reads   bool                           // what rx receives
	writes  bool                           // what tx sends
	peer    string                         // host that is dialled; "" for none
	said    func() (fd uintptr, err error) // where what it says goes; nil: standard output and standard error
	pty     bool                           // it has a terminal
	child   *child.Child
	blame   blame
}

// ptyWord is the keyword that gives it a terminal.
const ptyWord = "pty"

// executed are the keywords about programs as ends of a stream.
func executed() []keyword {
	return []keyword{{
		name: "exec",
		args: []argument{command(func(inv *invocation, text string) { inv.exec.command = text })},
		gist: "a program in place of standard input or output",
		more: `
A shell runs COMMAND (sh -c): at tx what it writes is the stream, at rx it reads it, and
with both rx and tx it does both. Both ends exit with 0 only when it has exited with 0: a
producer that fails fails the stream (6 here, 7 there), and so does a consumer. When
the stream fails, the program's process group is ended (SIGTERM, after 5 s SIGKILL)
before its input is closed: it never takes half a stream for a whole one. What leaves
the group (setsid) stays. After leglimit a producer is ended, and its status does not
count.
tx starts it at once, rx when some of the stream is there. Its environment has
VIAMILLIPEDE_PEER, _STREAM, _SIZE and _NAME, empty where not known. It has no terminal
to ask on, but see pty. A producer reads from /dev/null, a consumer writes to standard output. With
both rx and tx, of which one listens, a key is needed, or bind with a loopback address:
anyone who reached the port could talk to the program.`,
	}, {
		name: ptyWord,
		gist: "give the program of exec a terminal, for a remote shell",
		more: `
With both rx and tx. Its input, its output and its standard error are the terminal, and its
end ends the streams. At the other end, charmode with a terminal as standard input is its
counterpart: keys go there as they are, the size of the window follows, and the exit
status of the program becomes that of viamillipede (255 where it is not known):

  on host1:  viamillipede rx 8834 tx 8834 key shell.key exec 'bash -l' pty
  here:      viamillipede rx host1 8834 tx host1 8834 key shell.key charmode

The shell leads a session, which is hung up when the streams end.`,
		set: func(inv *invocation) { inv.exec.pty = true },
	}, {
		name: "name", far: true,
		args: []argument{{
			name: "TEXT", want: "1 to 64 bytes of UTF-8 without control characters", literal: true,
			set: func(inv *invocation, word string) bool {
				inv.options.Title = word
				return wire.Title(word).Valid()
			},
		}},
		gist: "what to call the stream, for a program of rx",
		more: `
For tx. It is VIAMILLIPEDE_NAME in the environment of what exec starts, at both ends.
A receiver that does not know names gets none.`,
	}}
}

// command is what a shell is to run.
func command(set func(*invocation, string)) argument {
	return argument{
		name: "COMMAND", want: "a command of the shell, as one word", literal: true,
		set: func(inv *invocation, word string) bool {
			set(inv, word)
			return strings.TrimSpace(word) != "" && !strings.Contains(word, "\x00")
		},
	}
}

// completeExec finds the ends that the program is for, and checks what belongs together.
func (inv *invocation) completeExec() error {
	e := &inv.exec
	if e.command == "" && e.pty {
		return usageError("pty: is for the program of exec")
	}
	if e.command == "" {
		return nil
	}
	e.reads = inv.rx.said() && inv.filing.sink == ""
	e.writes = inv.tx.said() && inv.filing.source == ""
	for _, d := range []*direction{&inv.rx, &inv.tx} {
		if len(d.paths) > 0 {
			e.peer = d.paths[0].Host
		}
	}
	switch {
	case !e.reads && !e.writes:
		return usageError("exec: a file is in place of standard input or output already")
	case e.pty && !(e.reads && e.writes):
		return usageError("pty: expected rx and tx, and no file: a terminal has an input and an output")
	case e.writes && inv.options.PRBS:
		return usageError("exec: prbs makes the stream at tx, which then reads no program")
	case e.reads && e.writes && inv.listening() != nil && inv.keyFrom == "" && !inv.far.sealed && !inv.options.Bind.IsLoopback():
		return usageError("exec: anyone who reaches the port could talk to the program: with rx and tx, of which one listens, expected key, or bind with a loopback address")
	}
	return nil
}

// like makes it the same program, to be run for another peer.
func (e *execution) like(o *execution) {
	e.command, e.reads, e.writes, e.peer, e.pty, e.said = o.command, o.reads, o.writes, o.peer, o.pty, o.said
}

// threads is how many must be left to the program, if there is one; of many (keep), to one of them.
func (e *execution) threads() int {
	if e.command == "" {
		return 0
	}
	return child.Threads
}

// open makes the program's pipes, if there is one.
func (e *execution) open() (err error) {
	if e.command == "" {
		return nil
	}
	if e.pty {
		e.child, err = child.NewTerminal(e.command)
	} else {
		e.child, err = child.New(e.command, e.reads, e.writes)
	}
	if err == nil && e.said != nil {
		var fd uintptr
		fd, err = e.said()
		e.child.Divert(int(fd))
	}
	if err != nil {
		return localPipe("cannot make a pipe, or a terminal, for "+child.Quote(e.command), err)
	}
	return nil
}

// start starts a program that writes a stream of that title: what it has to say is wanted at once.
func (e *execution) start(title string) error {
	if e.child == nil || !e.writes {
		return nil
	}
	return e.blame.on(e.child.Start(e.environment(engine.Origin{Title: title})...))
}

// party is what the ends of the streams know of the program.
func (e *execution) party() interface {
	engine.Producer
	engine.Consumer
} {
	if e.pty {
		return atTerminal{e}
	}
	return e
}

// end ends the program, whatever it does, and closes its pipes after that.
func (e *execution) end() {
	if e.child != nil {
		e.child.End()
		e.child.Close()
	}
}

// environment is what the program is told of its stream.
func (e *execution) environment(o engine.Origin) []string {
	peer, size := e.peer, ""
	if len(o.Peers) > 0 {
		peer = o.Peers[0]
	}
	if o.Size > 0 {
		size = strconv.FormatUint(o.Size, 10)
	}
	return []string{
		"VIAMILLIPEDE_PEER=" + peer, "VIAMILLIPEDE_STREAM=" + o.Stream, "VIAMILLIPEDE_SIZE=" + size, "VIAMILLIPEDE_NAME=" + o.Title,
	}
}

// blame is what was wrong first with what is in place of standard input and output: one error, that of both ends.
type blame struct{ first atomic.Pointer[engine.Error] }

// on makes the stream's error of what is wrong; nil: nothing. That of a context stays what it is.
func (b *blame) on(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	b.first.CompareAndSwap(nil, &engine.Error{Status: engine.StatusLocalPipe, Reason: err.Error()})
	return b.first.Load()
}

// Whole implements engine.Producer.
func (e *execution) Whole(ctx context.Context) error { return e.blame.on(e.child.Exit(ctx)) }

// Begun implements engine.Consumer: it starts a program that only reads.
func (e *execution) Begun(_ context.Context, o engine.Origin) error {
	if e.writes {
		return nil
	}
	return e.blame.on(e.child.Start(e.environment(o)...))
}

// Left implements engine.Consumer.
func (e *execution) Left(ctx context.Context) error { return e.blame.on(e.child.Exit(ctx)) }

// Accepts implements engine.Consumer: the program sees the end of its input, and has to exit with 0.
func (e *execution) Accepts(ctx context.Context) error {
	if err := e.child.Release(ctx); err != nil {
		return e.blame.on(err)
	}
	return e.blame.on(e.child.Exit(ctx))
}
