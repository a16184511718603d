package top

import (
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"viamillipede/netio"
)

// App is what a terminal shows. Its methods are called by one goroutine.
type App interface {
	// Draw returns the screen, of that size.
	Draw(columns, rows int) *Frame
	// Key does what a key asks for, and reports whether the user wants to leave.
	Key(k string) (leave bool)
}

// Terminal is where an App is shown.
type Terminal struct {
	In, Out  *os.File
	Coloured bool
	News     <-chan func()          // functions that are called beside those of the App; after each, the screen is drawn anew
	Exit     func(signal os.Signal) // ends the process after a signal, where the terminal takes nothing more
	restore  func()                 // makes its modes what they were
	shown    *Frame                 // nil: it is not known
	keys     chan string            // closed when there are no more
	pending  string                 // the beginning of a key
}

const (
	// enter and leave are for the terminal: another screen, no cursor; and back. What is left on the other screen is erased: some
	// terminals whose size has changed show a part of it again.
	enter = "\x1b[?1049h\x1b[?25l"
	leave = "\x1b[0m\x1b[2J\x1b[?25h\x1b[?1049l"

	// keyClear is ^L: the screen is drawn anew, whatever it shows. keySuspend is ^Z.
	keyClear   = "\x0c"
	keySuspend = "\x1a"

	// stuckFor is how long the process waits at its end for a terminal that takes nothing.
	stuckFor = time.Second

	// leastColumns and leastRows are of a terminal that does not say.
	leastColumns, leastRows = 80, 24
)

// deadly are the signals that end it.
var deadly = []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT}

// Run shows the App until its user leaves, the terminal is gone, or a signal ends it, which is returned. The terminal then is as it was.
// The error is that of a terminal that cannot be used.
func (t *Terminal) Run(app App) (os.Signal, error) {
	if err := t.begin(); err != nil {
		return nil, err
	}
	defer t.end()
	signals := make(chan os.Signal, 8) // more than one of each kind need not be kept
	signal.Notify(signals, syscall.SIGWINCH, syscall.SIGTSTP, syscall.SIGCONT)
	end := make(chan os.Signal, 1)
	signal.Notify(end, deadly...)
	defer signal.Stop(signals)
	defer signal.Stop(end)
	ended := make(chan os.Signal)
	over := make(chan struct{})
	defer close(over)
	go t.await(end, ended, over)
	t.keys = make(chan string)
	go t.read(over)
	for {
		t.draw(app)
		select {
		case s := <-ended:
			return s, nil
		case s := <-signals:
			if err := t.obey(s); err != nil {
				return nil, err
			}
		case f := <-t.News:
			f()
		case k, ok := <-t.keys:
			switch {
			case !ok:
				return nil, nil
			case k == keySuspend:
				if err := t.suspend(); err != nil {
					return nil, err
				}
			case k == keyClear:
				t.shown = nil
			case app.Key(k):
				return nil, nil
			}
		}
	}
}

// await hands on a signal that ends the process, and sees to it that it does.
func (t *Terminal) await(end <-chan os.Signal, ended chan<- os.Signal, over <-chan struct{}) {
	var s os.Signal
	select {
	case s = <-end:
	case <-over:
		return
	}
	late := time.AfterFunc(stuckFor, func() {
		t.restore()
		t.Exit(s)
	})
	select {
	case ended <- s:
	case <-over:
	}
	<-over // the terminal is as it was
	late.Stop()
}

// begin takes the terminal.
func (t *Terminal) begin() error {
	restore, err := netio.RawTerminal(int(t.In.Fd()))
	if err != nil {
		return err
	}
	t.restore, t.shown = restore, nil
	_, err = t.Out.WriteString(enter)
	return err
}

// end gives it back.
func (t *Terminal) end() {
	_, _ = t.Out.WriteString(leave)
	t.restore()
}

// obey does what a signal about the terminal asks for.
func (t *Terminal) obey(s os.Signal) error {
	switch s {
	case syscall.SIGTSTP:
		return t.suspend()
	case syscall.SIGCONT: // whoever had the terminal meanwhile may have changed it
		t.restore()
		return t.begin()
	}
	return nil // its size may have changed, which is seen when it is drawn
}

// suspend stops the process, as ^Z does, until it is in the foreground again.
func (t *Terminal) suspend() error {
	t.end()
	for {
		if err := netio.Suspend(); err != nil {
			return err
		}
		if netio.InForeground(int(t.In.Fd())) {
			return t.begin()
		}
	}
}

// draw shows what there is to show now.
func (t *Terminal) draw(app App) {
	columns, rows := netio.TerminalSize(int(t.Out.Fd()))
	if columns == 0 || rows == 0 {
		columns, rows = leastColumns, leastRows
	}
	f := app.Draw(int(columns), int(rows))
	if text := f.Draw(t.shown, t.Coloured); text != "" {
		_, _ = t.Out.WriteString(text) // a terminal that is gone ends what is read from it
	}
	t.shown = f
}

// read reads keys until there are no more.
func (t *Terminal) read(over <-chan struct{}) {
	defer close(t.keys)
	b := make([]byte, 256)
	for {
		n, err := t.In.Read(b)
		for _, k := range t.split(string(b[:n])) {
			select {
			case t.keys <- k:
			case <-over:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// split makes keys of what was read. The beginning of an escape sequence waits for the rest; ESC alone is a key.
func (t *Terminal) split(text string) (keys []string) {
	text = t.pending + text
	t.pending = ""
	for text != "" {
		n, whole := keyLength(text)
		if !whole {
			t.pending = text
			break
		}
		keys = append(keys, text[:n])
		text = text[n:]
	}
	return keys
}

// pendingMost bounds a sequence, in bytes: none that a key sends is so long.
const pendingMost = 32

// keyLength is how many bytes of a text are its first key; false: the rest of it is still to come.
func keyLength(text string) (n int, whole bool) {
	switch {
	case !strings.HasPrefix(text, "\x1b"):
		_, n = utf8.DecodeRuneInString(text)
		return n, true
	case len(text) == 1:
		return 1, true
	case text[1] == 'O':
		return 3, len(text) >= 3
	case text[1] != '[':
		return 1, true
	}
	for i := 2; i < len(text); i++ {
		if text[i] >= '@' && text[i] <= '~' {
			return i + 1, true
		}
	}
	return len(text), len(text) > pendingMost
}
