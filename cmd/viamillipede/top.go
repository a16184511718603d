package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"viamillipede/cmd/viamillipede/internal/control"
	"viamillipede/cmd/viamillipede/internal/top"
	"viamillipede/engine"
	"viamillipede/netio"
)

const (
	// topEvery is how often programs are asked how they stand.
	topEvery = time.Second
	// topLate is how long one may take to answer until that is shown.
	topLate = 3 * topEvery
)

// overview is what is shown of programs on a whole screen.
type overview struct {
	model *top.Model
	who   []control.Place // that the user has named; nil: all of this user's
	news  chan func()     // for the goroutine of the terminal

	done chan struct{} // closed when that has ended

	mu     sync.Mutex
	asking map[string]*inquiry // by the path of a socket; guarded by mu
}

// runTop carries out a command line that begins with top, without that word.
func runTop(names []string) engine.Status {
	w := &overview{news: make(chan func()), asking: map[string]*inquiry{}, done: make(chan struct{})}
	for _, name := range names {
		p, err := control.Find(name)
		if err != nil {
			return failed(ownPrefix, usageError("%s: %v", topWord, err))
		}
		w.who = append(w.who, p)
	}
	if why := unfit(); why != "" {
		return failed(ownPrefix, usageError("%s: %s: \"viamillipede status\" says the same in lines", topWord, why))
	}
	host, _ := os.Hostname() // "": it is not known
	w.model = top.NewModel(host)
	w.model.Letters = !speaksUTF8()
	w.model.Hear(nil, time.Now())
	t := &top.Terminal{
		In: os.Stdin, Out: os.Stdout, Coloured: os.Getenv("NO_COLOR") == "", News: w.news,
		Exit: func(s os.Signal) { os.Exit(int(statusOfSignal(s))) },
	}
	go w.ask()
	ended, err := t.Run(w)
	close(w.done)
	if err != nil {
		return failed(ownPrefix, usageError("%s: the terminal cannot be used: %v", topWord, err))
	}
	if ended == nil {
		return engine.StatusDone
	}
	if ended == syscall.SIGQUIT { // with the stacks of all goroutines, now that the terminal is as it was
		signal.Reset(syscall.SIGQUIT)
		_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
		select {}
	}
	return statusOfSignal(ended)
}

// statusOfSignal is the exit status of a program that a signal has ended.
func statusOfSignal(s os.Signal) engine.Status {
	n, _ := s.(syscall.Signal)
	return engine.Status(128 + int(n))
}

// unfit is why no screen can be shown; "": it can.
func unfit() string {
	term := os.Getenv("TERM")
	switch {
	case !netio.IsTerminal(standardInput) || !netio.IsTerminal(standardOutput):
		return "standard input and output are no terminal"
	case term == "dumb" || term == "":
		return fmt.Sprintf("a terminal on which nothing can be placed (TERM is %q)", term)
	case !netio.InForeground(standardInput):
		return "another job has the terminal"
	}
	return ""
}

// speaksUTF8 reports whether the user's terminal shows UTF-8, as far as the locale says.
func speaksUTF8() bool {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"))
	return strings.Contains(strings.ReplaceAll(strings.ToLower(locale), "-", ""), "utf8")
}

// Draw implements top.App.
func (w *overview) Draw(columns, rows int) *top.Frame { return w.model.Render(columns, rows) }

// Key implements top.App.
func (w *overview) Key(k string) (leave bool) {
	o, leave := w.model.Key(k)
	if o != nil {
		go w.carryOut(o) // a program may take long to answer
	}
	return leave
}

// tell has the goroutine of the terminal call f; false: there is none any more.
func (w *overview) tell(f func()) bool {
	select {
	case w.news <- f:
		return true
	case <-w.done:
		return false
	}
}

// carryOut asks a program to do what a key has asked for.
func (w *overview) carryOut(o *top.Order) {
	said, err := w.order(o)
	w.tell(func() {
		if err != nil {
			said = fmt.Sprintf("%d: %v", o.PID, err)
		}
		w.hear()
		w.model.Note(said)
	})
}

// order does that, and returns what to say then.
func (w *overview) order(o *top.Order) (said string, err error) {
	place, err := w.placeOf(o.Who)
	if err != nil {
		return "", err
	}
	c, err := control.Dial(place)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if !o.Stop {
		changes, err := c.Set(o.Set...)
		if err != nil {
			return "", err
		}
		s, err := c.Status(control.Request{Links: true}) // the next key begins with what is now
		if err == nil {
			w.know(o.Who, s)
		}
		return changed(o.PID, changes), err
	}
	if err := c.Stop(); err != nil {
		return "", err
	}
	end, err := c.Await(stopMost)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("%d has been told, and has not ended within %v; once more ends it at once", o.PID, stopMost), nil
	case err != nil:
		return "", err
	}
	return fmt.Sprintf("%d ended with status %d: %s", o.PID, end.Status, end.Meaning), nil
}

// placeOf is where a program answers that is still there.
func (w *overview) placeOf(p top.Who) (control.Place, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.asking[p.Place]; a != nil {
		return a.place, nil
	}
	return control.Place{}, control.ErrGone
}

// know takes an answer of a program.
func (w *overview) know(p top.Who, s *control.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.asking[p.Place]; a != nil {
		a.take(s)
	}
}

// changed says what a program has changed.
func changed(pid int, changes []control.Change) string {
	var all []string
	for _, c := range changes {
		all = append(all, changeText(c))
	}
	return fmt.Sprintf("%d: %s", pid, strings.Join(all, "; "))
}

// inquiry is a program that is asked again and again.
type inquiry struct {
	place  control.Place
	answer top.Answer // the last one; its Status is nil before the first. Guarded by overview.mu, as is all below
	at     time.Time  // when it came, or when the program was first asked
	over   bool       // it has ended, or says nothing to this user
}

// take takes an answer, unless a later one was faster. Under overview.mu.
func (a *inquiry) take(s *control.Status) {
	if last := a.answer.Status; last == nil || s.Age >= last.Age {
		a.answer, a.at = top.Answer{Status: s, Place: a.place.Path}, time.Now()
	}
}

// ask asks all programs, again and again, and tells what they say.
func (w *overview) ask() {
	due := time.NewTicker(topEvery)
	defer due.Stop()
	first := time.After(topEvery / 4) // the first answers are there long before
	for {
		w.find()
		if !w.tell(w.hear) {
			return
		}
		select {
		case <-first:
		case <-due.C:
		case <-w.done:
			return
		}
	}
}

// find begins to ask programs that are new.
func (w *overview) find() {
	places := w.who
	if places == nil {
		places = control.List()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for path, a := range w.asking {
		if a.over {
			delete(w.asking, path) // another one may be there now
		}
	}
	for _, p := range places {
		if w.asking[p.Path] == nil {
			a := &inquiry{place: p, at: time.Now()}
			w.asking[p.Path] = a
			go w.follow(a)
		}
	}
}

// hear takes the last answers of all programs; on the goroutine of the terminal.
func (w *overview) hear() {
	now := time.Now()
	var all []top.Answer
	w.mu.Lock()
	for _, a := range w.asking {
		if a.over || a.answer.Status == nil {
			continue
		}
		answer := a.answer
		if late := now.Sub(a.at); late > topLate {
			answer.Late = late.Truncate(time.Second)
		}
		all = append(all, answer)
	}
	w.mu.Unlock()
	w.model.Hear(all, now)
}

// follow asks a program until it has ended.
func (w *overview) follow(a *inquiry) {
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		a.over = true
	}()
	c, err := control.Dial(a.place)
	if err != nil {
		return
	}
	defer func() { c.Close() }()
	due := time.NewTicker(topEvery)
	defer due.Stop()
	for {
		s, err := c.Status(control.Request{Links: true})
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, control.ErrGone) {
			err = w.again(a, &c)
		}
		if err != nil {
			return
		}
		if s.Answer != "" {
			w.mu.Lock()
			a.take(s)
			w.mu.Unlock()
		}
		select {
		case <-due.C:
		case <-w.done:
			return
		}
	}
}

// again dials a program anew that has not answered, since an answer that comes late would be taken for the next one, or that has let this
// client go for another one.
func (w *overview) again(a *inquiry, c **control.Client) error {
	(*c).Close()
	next, err := control.Dial(a.place)
	if err == nil {
		*c = next
	}
	return err
}
