package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"viamillipede/cmd/viamillipede/internal/events"
	"viamillipede/cmd/viamillipede/internal/logs"
	"viamillipede/cmd/viamillipede/internal/meter"
	"viamillipede/cmd/viamillipede/internal/progress"
	"viamillipede/cmd/viamillipede/internal/words"
	"viamillipede/engine/observe"
)

// How often the sides are looked at: for a terminal, for events, and for paths that are gone.
const (
	lookForScreen = 500 * time.Millisecond
	lookForEvents = time.Second
	lookForPaths  = 10 * time.Second
	// linesEvery is how often progress is said where there is no terminal, and linesWide for how many characters.
	linesEvery = 10 * time.Second
	linesWide  = 120
)

// look is what is made of the Snapshots of one side.
type look struct {
	*side
	name    string // in the line of progress; "": it needs none
	meter   *meter.Meter
	figures *events.Figures
	absent  meter.Absence
	view    meter.View
	begun   time.Time
}

// watcher looks at the sides now and then, on a goroutine of its own.
type watcher struct {
	*sight
	looks []*look
	crowd *staying // that is looked at instead; nil: there are few streams
	pace  progress.Pace
	rate  float64   // of the crowd
	said  time.Time // when progress was last said in a line
}

// watch looks at the sides until stop is called, which returns when nothing is shown any more. Nobody looks where nobody wants to know.
func (g *sight) watch(sides []*side) (stop func()) {
	w := &watcher{sight: g, said: time.Now()}
	if w.every() == lookForPaths && !g.paths {
		return func() {}
	}
	for _, s := range sides {
		l := &look{side: s, meter: meter.New(&s.heard), begun: time.Now()}
		if len(sides) > 1 {
			l.name = s.name
		}
		if g.out != nil {
			interval := g.interval
			if interval == 0 {
				interval = defaultInterval
			}
			l.figures = s.events.Figures(interval, time.Now())
		}
		w.looks = append(w.looks, l)
	}
	return w.begin(w.every())
}

// watchCrowd looks at many streams together, likewise.
func (g *sight) watchCrowd(s *staying) (stop func()) {
	if g.screen == nil && !g.plain {
		return func() {}
	}
	w := &watcher{sight: g, said: time.Now(), crowd: s}
	return w.begin(lookForScreen)
}

// begin looks now and then until stop is called.
func (w *watcher) begin(every time.Duration) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		w.run(every, done)
	}()
	return func() { close(done); <-ended }
}

// every is how often the sides are looked at.
func (w *watcher) every() time.Duration {
	every := lookForPaths
	if w.out != nil {
		every = min(lookForEvents, max(w.interval, 10*time.Millisecond))
		if w.interval == 0 {
			every = min(lookForEvents, defaultInterval)
		}
	}
	if w.screen != nil || w.plain {
		every = min(every, lookForScreen)
	}
	return every
}

// run looks until done is closed.
func (w *watcher) run(every time.Duration, done <-chan struct{}) {
	signals := make(chan os.Signal, signalQueue)
	if w.screen != nil {
		signal.Notify(signals, syscall.SIGWINCH)
		if !signal.Ignored(syscall.SIGTSTP) {
			signal.Notify(signals, syscall.SIGTSTP)
		}
		defer w.screen.Hide()
		defer signal.Stop(signals)
	}
	due := time.NewTicker(every)
	defer due.Stop()
	for {
		select {
		case <-done:
			return
		case s := <-signals:
			w.obey(s)
		case <-due.C:
			w.look()
		}
	}
}

// obey does what a signal about the terminal asks for.
func (w *watcher) obey(s os.Signal) {
	if s == syscall.SIGTSTP { // ^Z: what is shown goes, so that the shell has the terminal as it should be
		w.screen.Hide()
		stderr.Voice().Flush(lastWords)
		theConsole.suspend()
	}
	w.show() // it goes on, or the terminal has another width
}

// look looks at all sides once.
func (w *watcher) look() {
	defer func() {
		if p := recover(); p != nil {
			faulted(p) // it costs the view and not the stream
		}
	}()
	if w.crowd != nil {
		w.rate = w.pace.Look(time.Now(), w.crowd.standing().Bytes)
	}
	for _, l := range w.looks {
		s := l.Snapshot()
		l.view = l.meter.Read(s)
		if l.figures != nil {
			l.figures.Look(s, l.view)
		}
		l.tellPaths(s)
	}
	w.show()
	w.sayLine()
}

// tellPaths says which paths are gone for long while others work, and which of them are back.
func (l *look) tellPaths(s observe.Snapshot) {
	for _, p := range l.absent.Look(s) {
		if p.Back {
			l.events.Back(p.Order, p.PathStatus, p.Since)
		} else {
			l.events.Absent(p.Order, p.PathStatus, p.Since)
		}
		sayAt(logs.Warning, l.prefix, words.Absent(p.PathStatus, p.Back, s.Time.Sub(p.Since)))
	}
}

// show shows how the sides stand, if they are shown.
func (w *watcher) show() {
	if w.screen != nil {
		w.screen.Show(w.lines)
	}
}

// lines are those of the sides that are not over, for a terminal of so many columns.
func (w *watcher) lines(columns int) (lines []string) {
	if w.crowd != nil {
		return []string{progress.CrowdLine(w.crowd.standing(), w.rate, columns)}
	}
	for _, l := range w.looks {
		if !l.view.Ended {
			lines = append(lines, progress.Line(l.name, l.view, time.Since(l.begun), columns))
		}
	}
	return lines
}

// sayLine says now and then how the sides stand, where there is no terminal to show it.
func (w *watcher) sayLine() {
	if !w.plain || time.Since(w.said) < linesEvery-lookForScreen {
		return
	}
	w.said = time.Now()
	if w.crowd != nil {
		say(w.crowd.self.prefix, progress.CrowdLine(w.crowd.standing(), w.rate, linesWide))
	}
	for _, l := range w.looks {
		if !l.view.Ended {
			say(l.prefix, progress.Line("", l.view, time.Since(l.begun), linesWide))
		}
	}
}
