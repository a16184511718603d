package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds every wait of a script: far longer than any of them takes.
const patience = 30 * time.Second

// nextPort counts the ports handed out, from where this process's number puts it: test runs side by side differ.
var nextPort = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(int64(os.Getpid()) * 37)
	return &n
}()

// scriptCommands are the commands that the scripts have beside the usual ones:
//
//	usage 'line' words...      viamillipede with these words exits with 1, writes "viamillipede: line" and nothing else
//	exits N command...         the command exits with exactly N
//	start NAME [<in] [>out] [>>out] [2>full] command...
//	                           starts a command; <open and >open are pipes with the other end open and idle, >broken is
//	                           one without a reader, 2>full one that is full and has a reader that does not read
//	await NAME 'regexp'        waits for a line on its standard error
//	feed NAME 'text'           writes text to the pipe of <open
//	close NAME                 ends the pipe of <open
//	drop NAME                  ends the reader of the pipe of >open
//	signal NAME SIGNAL         sends a signal, without SIG
//	finish NAME N|fail         waits for its end; exit status exactly N, or any but 0
//	said NAME 'regexp'         a line on its standard error matches, after finish
//	conforms FILE              each line is as the schema of events says
//	answers FILE               each line is as the schema of control says
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"usage":  cmdUsage,
	"exits":  cmdExits,
	"start":  cmdStart,
	"await":  cmdAwait,
	"feed":   cmdFeed,
	"close":  cmdClose,
	"drop":   cmdDrop,
	"signal": cmdSignal,
	"finish": cmdFinish,
	"said":   cmdSaid,

	"conforms": cmdConforms,
	"answers":  cmdAnswers,
}

func cmdUsage(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 1)
	cmdExits(ts, neg, append([]string{"1", "viamillipede"}, args[1:]...))
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("standard output is not empty: %q", out)
	}
	if got, want := ts.ReadFile("stderr"), "viamillipede: "+args[0]+"\n"; got != want {
		ts.Fatalf("standard error:\n got %q\nwant %q", got, want)
	}
}

func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	if got := exitStatus(ts.Exec(args[1], args[2:]...)); strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, not %s", got, args[0])
	}
}

func cmdStart(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	a := &actor{name: args[0], ended: make(chan struct{})}
	a.news = sync.NewCond(&a.mu)
	ts.Check(a.start(ts, args[1:]))
	castOf(ts).actors[a.name] = a
}

func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	a := actorOf(ts, args)
	if !a.await(regexp.MustCompile(args[1])) {
		ts.Fatalf("%s never said %q, but:\n%s", a.name, args[1], a.heard())
	}
}

func cmdFeed(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	_, err := io.WriteString(actorOf(ts, args).input, args[1])
	ts.Check(err)
}

func cmdClose(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(actorOf(ts, args).input.Close())
}

func cmdDrop(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(actorOf(ts, args).reader.Close())
}

func cmdSignal(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	signals := map[string]syscall.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL,
		"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "PIPE": syscall.SIGPIPE,
		"STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
	}
	s, ok := signals[args[1]]
	if !ok {
		ts.Fatalf("unknown signal %s", args[1])
	}
	ts.Check(actorOf(ts, args).cmd.Process.Signal(s))
}

func cmdFinish(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 2)
	a := actorOf(ts, args)
	if !a.wait() {
		ts.Fatalf("%s does not end; it said:\n%s", a.name, a.heard())
	}
	got := exitStatus(a.err)
	if args[1] == "fail" && got != 0 || args[1] == strconv.Itoa(got) {
		return
	}
	ts.Fatalf("%s: exit status %d, not %s; it said:\n%s", a.name, got, args[1], a.heard())
}

func cmdSaid(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2)
	a := actorOf(ts, args)
	if regexp.MustCompile("(?m)"+args[1]).MatchString(a.heard()) == neg {
		ts.Fatalf("%s said:\n%s", a.name, a.heard())
	}
}

func need(ts *testscript.TestScript, args []string, n int) {
	if len(args) < n {
		ts.Fatalf("too few words: %q", args)
	}
}

// exitStatus is the exit status of a program that was waited for, and what a shell makes of one ended by a signal.
func exitStatus(err error) int {
	if err == nil {
		return 0
	}
	e, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return -1
	}
	if w, ok := e.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 1000 + int(w.Signal()) // never one of ours: it did not exit by itself
	}
	return e.ExitCode()
}

// cast is the background programs of one script.
type cast struct{ actors map[string]*actor }

type castKey struct{}

func castOf(ts *testscript.TestScript) *cast { return ts.Value(castKey{}).(*cast) }

func actorOf(ts *testscript.TestScript, args []string) *actor {
	need(ts, args, 1)
	a, ok := castOf(ts).actors[args[0]]
	if !ok {
		ts.Fatalf("nothing was started as %q", args[0])
	}
	return a
}

// dismiss ends what is left at the end of a script.
func (c *cast) dismiss() {
	for _, a := range c.actors {
		a.input.Close() // nil and closed files are errors, nothing more
		a.reader.Close()
		_ = a.cmd.Process.Kill()
		<-a.ended
	}
}

// actor is one program in the background.
type actor struct {
	name   string
	cmd    *exec.Cmd
	input  *os.File // our end of <open, or nil
	reader *os.File // our end of >open, or nil

	ended chan struct{} // closed after err is set
	err   error

	mu     sync.Mutex
	news   *sync.Cond // stderr grew, or will not grow any more
	stderr bytes.Buffer
	deaf   bool // no more will come
}

// start begins the program; words are redirections, then the command.
func (a *actor) start(ts *testscript.TestScript, words []string) error {
	var in, out string
	full := false
	for len(words) > 0 && (words[0] == "2>full" || strings.ContainsAny(words[0][:1], "<>")) {
		switch words[0][0] {
		case '<':
			in = words[0][1:]
		case '>':
			out = words[0]
		default:
			full = true
		}
		words = words[1:]
	}
	a.cmd = exec.Command(scriptPath(ts, words[0]), words[1:]...)
	a.cmd.Dir = ts.Getenv("WORK")
	a.cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "XDG_RUNTIME_DIR=" + ts.Getenv("XDG_RUNTIME_DIR")}
	a.cmd.Stderr = a
	// The program's standard error may be inherited by what it leaves behind; do not wait for that.
	a.cmd.WaitDelay = patience
	files, err := a.redirect(ts, in, out)
	if err == nil && full {
		var w *os.File
		if w, err = fullPipe(ts); err == nil {
			a.cmd.Stderr = w
			files = append(files, w)
		}
	}
	if err == nil {
		err = a.cmd.Start()
	}
	for _, f := range files {
		f.Close()
	}
	if err != nil {
		return err
	}
	go func() {
		a.err = a.cmd.Wait()
		a.mu.Lock()
		a.deaf = true
		a.news.Broadcast()
		a.mu.Unlock()
		close(a.ended)
	}()
	return nil
}

// scriptPath finds a program the way that the script's exec does.
func scriptPath(ts *testscript.TestScript, name string) string {
	for dir := range strings.SplitSeq(ts.Getenv("PATH"), ":") {
		path := filepath.Join(dir, name)
		if st, err := os.Stat(path); err == nil && !st.IsDir() {
			return path
		}
	}
	return name
}

// redirect opens standard input and output. The files returned are to be closed once the program has them.
func (a *actor) redirect(ts *testscript.TestScript, in, out string) (files []*os.File, err error) {
	r, err := a.openInput(ts, in)
	if err != nil {
		return nil, err
	}
	files = append(files, r)
	w, err := a.openOutput(ts, out)
	if err != nil {
		return files, err
	}
	a.cmd.Stdin, a.cmd.Stdout = r, w
	return append(files, w), nil
}

// fullPipe is the write end of a pipe that takes nothing more. Its reader is there until the script ends.
func fullPipe(ts *testscript.TestScript) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ts.Defer(func() { r.Close() })
	for err == nil { // it does not block before a program has it
		_ = w.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		_, err = w.Write(make([]byte, 4096))
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, err
	}
	return w, nil
}

func (a *actor) openInput(ts *testscript.TestScript, in string) (*os.File, error) {
	switch in {
	case "":
		return os.Open(os.DevNull)
	case "open":
		r, w, err := os.Pipe()
		a.input = w
		return r, err
	}
	return os.Open(ts.MkAbs(in))
}

func (a *actor) openOutput(ts *testscript.TestScript, out string) (*os.File, error) {
	switch {
	case out == "":
		return os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	case out == ">open":
		r, w, err := os.Pipe()
		a.reader = r
		return w, err
	case out == ">broken":
		r, w, err := os.Pipe()
		if err == nil {
			err = r.Close()
		}
		return w, err
	case strings.HasPrefix(out, ">>"):
		return os.OpenFile(ts.MkAbs(out[2:]), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	}
	return os.OpenFile(ts.MkAbs(out[1:]), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
}

// Write takes what the program says on standard error.
func (a *actor) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.news.Broadcast()
	return a.stderr.Write(p)
}

// heard is what the program has said so far.
func (a *actor) heard() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stderr.String()
}

// await waits until what the program has said matches re; false if that can no longer happen or takes too long.
func (a *actor) await(re *regexp.Regexp) bool {
	late := time.AfterFunc(patience, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.deaf = true
		a.news.Broadcast()
	})
	defer late.Stop()
	a.mu.Lock()
	defer a.mu.Unlock()
	for !re.Match(a.stderr.Bytes()) {
		if a.deaf {
			return false
		}
		a.news.Wait()
	}
	return true
}

// wait waits for the program's end; false if that takes too long.
func (a *actor) wait() bool {
	select {
	case <-a.ended:
		return true
	case <-time.After(patience):
		return false
	}
}
