package far

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"viamillipede/engine"
)

// Program is the variable of the environment that names another program than ssh. It gets the same arguments.
const Program = "VIAMILLIPEDE_SSH"

// Times that the far end has.
const (
	answerWithin = time.Minute            // to answer what needs no time by itself
	endWithin    = 2 * time.Second        // to end, and to say why, when this end has ended
	wordsWithin  = 200 * time.Millisecond // for its last words to come, once ssh has ended: a master connection of ssh may hold the pipe
	linkWithin   = time.Second            // for the news of a link, once ssh has ended: the other end may have heard of it first

	contactWithin = time.Minute      // for a first link, while ssh is there
	returnWithin  = 15 * time.Second // for another one, when ssh has ended and nothing of the stream had come: it is dialled again at once
)

// Config says how the far end is started.
type Config struct {
	Destination string // the host, as ssh knows it
	Name        string // the host, for people
	Version     string // of this program
	Copy        bool   // this program is sent along, unless it is there
	Say         func(line string)
}

// Host is another host, where the far end is started. One goroutine may use it, except for Met.
type Host struct {
	Config
	ask     *os.File // the far end's standard input
	answers *os.File // its standard output
	heard   *bufio.Reader

	found   bool   // viamillipede is there
	copied  bool   // it is a copy, which was sent
	greeted bool   // it has said hello
	digest  string // of this program, where a copy is wanted

	ssh    *exec.Cmd
	exited chan struct{} // closed when it has ended
	told   chan struct{} // closed when all that it has said is passed on
	*contact
}

// Call starts the far end, and returns when it has said that it is there. That may take as long as the user needs for a password. The error
// is an *engine.Error; what ssh says about it is said.
func Call(c Config) (*Host, error) {
	name := cmp.Or(os.Getenv(Program), "ssh")
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fail(engine.StatusConnect, "ssh: no program %s here; %s may name another one", name, Program)
	}
	h := &Host{Config: c, exited: make(chan struct{}), told: make(chan struct{}), contact: newContact()}
	script, program := finding, (*os.File)(nil)
	if c.Copy {
		if program, script, err = h.prepareCopy(); err != nil {
			return nil, fail(engine.StatusLocalPipe, "ssh copy: this program cannot be read: %v", err)
		}
		defer program.Close()
	}
	// Nothing that the user's config forwards is wanted here, and a port that is taken would be a failure.
	if err := h.start(path, []string{name, "-T", "-o", "ClearAllForwardings=yes", "--", c.Destination, script}); err != nil {
		return nil, fail(engine.StatusConnect, "ssh: %s cannot be run: %v", name, err)
	}
	if err := h.welcome(program); err != nil {
		h.End()
		return nil, err
	}
	return h, nil
}

// fail makes an error with a status.
func fail(s engine.Status, format string, args ...any) error {
	return &engine.Error{Status: s, Reason: fmt.Sprintf(format, args...)}
}

// start runs ssh. It dies with this process, also while it asks for a password.
func (h *Host) start(path string, args []string) error {
	var pipes [3][2]*os.File
	for i := range pipes {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		pipes[i] = [2]*os.File{r, w}
	}
	h.ask, h.answers = pipes[0][1], pipes[1][0]
	h.heard = bufio.NewReaderSize(h.answers, 64<<10)
	h.ssh = &exec.Cmd{
		Path: path, Args: args, Stdin: pipes[0][0], Stdout: pipes[1][1], Stderr: pipes[2][1],
		SysProcAttr: &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM},
	}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // PR_SET_PDEATHSIG is about the thread that forks
		err := h.ssh.Start()
		for _, theirs := range []*os.File{pipes[0][0], pipes[1][1], pipes[2][1]} {
			theirs.Close()
		}
		if started <- err; err != nil {
			return
		}
		_ = h.ssh.Wait()
		close(h.exited)
	}()
	if err := <-started; err != nil {
		h.ask.Close()
		h.answers.Close()
		pipes[2][0].Close()
		return err
	}
	go h.relay(pipes[2][0])
	return nil
}

// relay passes on what ssh and the far end say on standard error.
func (h *Host) relay(r *os.File) {
	defer close(h.told)
	defer r.Close()
	go func() {
		<-h.exited
		_ = r.SetReadDeadline(time.Now().Add(wordsWithin))
	}()
	said := bufio.NewReaderSize(r, 4<<10)
	for {
		line, err := said.ReadSlice('\n')
		for part := range strings.FieldsFuncSeq(string(line), func(r rune) bool { return r == '\n' || r == '\r' }) {
			h.Say(part)
		}
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
	}
}

// hear is what the far end says next, within a time, 0 for any. The error is an *engine.Error.
func (h *Host) hear(within time.Duration) (word, rest string, err error) {
	var end time.Time
	if within > 0 {
		end = time.Now().Add(within)
	}
	_ = h.answers.SetReadDeadline(end)
	word, rest, err = readMarked(h.heard)
	if isTimeout(err) {
		return "", "", fail(engine.StatusConnect, "%s has not answered over ssh within %v", h.Name, within)
	}
	if err != nil {
		return "", "", h.Gone()
	}
	return word, rest, nil
}

// tell asks the far end for something. If it is not there any more, that is found when its answer is heard.
func (h *Host) tell(lines ...string) { _ = write(h.ask, lines...) }

// Ended is closed when ssh has ended.
func (h *Host) Ended() <-chan struct{} { return h.exited }

// Gone says why the far end has ended before a link was up. The error is an *engine.Error.
func (h *Host) Gone() error {
	h.wait(endWithin)
	code := -1
	select {
	case <-h.exited:
		code = h.ssh.ProcessState.ExitCode()
	default:
	}
	switch {
	case code == 255:
		return fail(engine.StatusConnect, "ssh to %s has failed", h.Destination)
	case h.found && !h.greeted && code > 0:
		return fail(engine.StatusRefused, "viamillipede on %s is of another version, or cannot be run: install %s there, or say ssh copy", h.Name, h.Version)
	case code == int(engine.StatusLocalPipe) || code == int(engine.StatusRemotePipe): // of two streams there, one hears of the other
		return fail(engine.StatusRemotePipe, "the other end, on %s, has failed", h.Name)
	case code > 0:
		return fail(engine.StatusConnect, "the other end, on %s, has ended with status %d", h.Name, code)
	}
	return fail(engine.StatusConnect, "ssh to %s has ended before a link was up", h.Destination)
}

// wait waits until ssh has ended and all is said, or for a time.
func (h *Host) wait(most time.Duration) {
	late := time.NewTimer(most)
	defer late.Stop()
	for _, done := range []chan struct{}{h.exited, h.told} {
		select {
		case <-done:
		case <-late.C:
			return
		}
	}
}

// Watch calls lost, on another goroutine, if ssh ends before a link is up. The error is an *engine.Error.
func (h *Host) Watch(lost func(error)) {
	go func() {
		<-h.exited
		if !h.within(linkWithin, nil) {
			lost(h.Gone())
		}
	}()
}

// Explain is why a stream has failed, which says so by err: if it never had a link, or was refused, that is only an echo if the far end has
// ended. Any goroutine may call it.
func (h *Host) Explain(err error, met bool) error {
	most := linkWithin
	switch status := engine.ExitStatus(err); {
	case status == engine.StatusRefused: // both have the key: the far end is about to end, or one of its streams has
		most = returnWithin
	case met || status != engine.StatusConnect && status != engine.StatusLost:
		return err
	}
	late := time.NewTimer(most)
	defer late.Stop()
	select {
	case <-h.exited:
	case <-late.C:
		return err
	}
	if gone := h.Gone(); !met || engine.ExitStatus(gone) == engine.StatusRemotePipe {
		return gone
	}
	return err
}

// End lets the far end go, waits a moment for its last words, and ends ssh.
func (h *Host) End() {
	h.ask.Close()
	defer h.answers.Close()
	h.wait(endWithin)
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		select {
		case <-h.exited:
			return
		default:
		}
		_ = h.ssh.Process.Signal(s)
		h.wait(endWithin / 4)
	}
}
