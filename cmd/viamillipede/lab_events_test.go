package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"viamillipede/cmd/viamillipede/internal/events/eventstest"
	"viamillipede/netio/lab"
)

// told is a line of events, as far as a lab can check it.
type told struct {
	Seq      uint64
	Time     time.Time
	Event    string
	Side     string
	Link     int
	Path     string
	Order    *int
	State    string
	Phase    string
	First    bool
	Since    time.Time
	Links    int // of an outage: up all the same
	Expected bool
	Status   int
	Bytes    uint64
}

// what is the kind of a line: "link down", "outage begins", "end".
func (e told) what() string {
	switch {
	case e.State != "":
		return e.Event + " " + e.State
	case e.Phase != "":
		return e.Event + " " + e.Phase
	}
	return e.Event
}

// eventsOf reads the whole lines of an events file.
func eventsOf(t *testing.T, name string) (all []told) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if line[len(line)-1] != '\n' {
			break // it is being written
		}
		var e told
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, e)
	}
	return all
}

// chapter is what a lab did to a stream, and what has to be told of it.
type chapter struct {
	name string
	from time.Time // when it was done
	to   time.Time // when the next was
	// tells are the lines of links, paths and outages that there have to be, each so often, and no others; nil: any, since the stream ends.
	tells map[string]int
	path  int // that those of links and paths are about; -1: any
}

// always are lines that may come at any time: of a link that is slow, or is tried in vain, and of where the scheduler puts legs.
var always = []string{"link failed", "link stalled", "link resumed", "path helps", "path rests"}

// judged are the events that a chapter has a say in.
var judged = []string{"link", "path", "outage"}

// complete reports whether all lines of the chapter are there.
func (c *chapter) complete(all []told) bool {
	n := c.count(all)
	for what, want := range c.tells {
		if n[what] < want {
			return false
		}
	}
	return true
}

// count counts lines since the chapter began, by what they tell.
func (c *chapter) count(all []told) map[string]int {
	n := map[string]int{}
	for _, e := range all {
		if !e.Time.Before(c.from) && (c.to.IsZero() || e.Time.Before(c.to)) && slices.Contains(judged, e.Event) && !slices.Contains(always, e.what()) {
			n[e.what()]++
		}
	}
	return n
}

// story is what a lab has done to a stream, in its order.
type story struct {
	*stream
	t        *testing.T
	tx, rx   string // files of events
	chapters []chapter
}

// do does something, and waits until all is told that there is to tell of it.
func (s *story) do(c chapter, act func() error) {
	s.t.Helper()
	c.from = time.Now()
	if n := len(s.chapters); n > 0 {
		s.chapters[n-1].to = c.from
	}
	s.must(act())
	s.until("all that is told of: "+c.name, func() bool { return c.complete(eventsOf(s.t, s.tx)) })
	s.chapters = append(s.chapters, c)
}

// sender compares what the sender has told with what was done, line by line.
func (s *story) sender() {
	all := eventsOf(s.t, s.tx)
	for _, c := range s.chapters {
		if n := c.count(all); c.tells != nil && !maps.Equal(n, c.tells) {
			s.t.Errorf("%s: told of %v, want %v", c.name, n, c.tells)
		}
		for _, e := range all {
			if c.path < 0 || e.Time.Before(c.from) || !c.to.IsZero() && !e.Time.Before(c.to) || slices.Contains(always, e.what()) {
				continue
			}
			if want := net.JoinHostPort(s.lab.Address(lab.RX, c.path), fmt.Sprint(labPort)); e.Path != "" && e.Path != want {
				s.t.Errorf("%s: %s of %s", c.name, e.what(), e.Path)
			}
			if e.Order != nil && *e.Order != c.path {
				s.t.Errorf("%s: %s of the path with number %d", c.name, e.what(), *e.Order)
			}
		}
	}
	for i, e := range all {
		if e.Seq != uint64(i+1) || i > 0 && e.Time.Before(all[i-1].Time) {
			s.t.Errorf("line %d has number %d and time %v", i+1, e.Seq, e.Time)
		}
	}
}

// outage demands that an end tells of one outage, which began after all paths went and ended after they were back.
func (s *story) outage(name string, gone, back chapter) {
	var phases []string
	var since time.Time
	for _, e := range eventsOf(s.t, name) {
		if e.Event != "outage" || e.First {
			continue
		}
		phases = append(phases, e.Phase)
		switch {
		case e.Phase == "begins":
			since = e.Since
		case !e.Since.Equal(since):
			s.t.Errorf("%s: an outage since %v that began %v", filepath.Base(name), e.Since, since)
		}
		if e.Phase == "ends" && e.Links == 0 {
			s.t.Errorf("%s: an outage ends without a link", filepath.Base(name))
		}
		if after := map[string]chapter{"begins": gone, "ends": back}[e.Phase]; e.Time.Before(after.from) {
			s.t.Errorf("%s: an outage %s at %v, before what the lab did at %v", filepath.Base(name), e.Phase, e.Time, after.from)
		}
	}
	if !slices.Equal(phases, []string{"begins", "ends"}) {
		s.t.Errorf("%s: an outage %v", filepath.Base(name), phases)
	}
	if early := gone.from.Sub(since); early > settleTime || since.After(back.from) {
		s.t.Errorf("%s: an outage since %v; all paths were gone from %v to %v", filepath.Base(name), since, gone.from, back.from)
	}
}

// ends demands that an end tells how it and its program ended, last.
func (s *story) ends(name string) {
	all := eventsOf(s.t, name)
	for i, want := range []string{"end", "exit"} {
		e := all[max(0, len(all)-2)+i]
		if e.Event != want || e.Status != 0 || want == "end" && e.Bytes != uint64(s.setup.size) {
			s.t.Errorf("%s: %+v, want the %s of all %d bytes", filepath.Base(name), e, want, s.setup.size)
		}
	}
	text, err := os.ReadFile(name)
	s.must(err)
	s.must(eventstest.Conforms(text))
	if s.t.Failed() {
		s.t.Logf("%s:\n%s", name, text)
	}
}

// TestLabEvents: the events of a stream are what a lab does to it: a link is killed, a path goes and comes back, and then all paths. Each
// line about a link, a path or an outage follows from what was done last, and nothing is done that is not told.
func TestLabEvents(t *testing.T) {
	if !long(true, false) {
		t.Skip("run by make lab")
	}
	p := alone(t)
	const paths, links = 2, 4
	l := lab.New(t, lab.Config{Paths: paths})
	in, dir := lab.NewGate(), t.TempDir()
	in.Rate(8 * mib)
	s := &story{t: t, tx: filepath.Join(dir, "tx"), rx: filepath.Join(dir, "rx")}
	in.Hold(2048 * mib)
	s.stream = p.start(t, l, setup{
		size: 2048*mib + 1, limit: 100 * time.Second, in: in, words: []string{"threads", fmt.Sprint(links), "interval", "0.2"},
		tx: []string{"events", s.tx}, rx: []string{"events", s.rx},
	})
	s.do(chapter{name: "the beginning", path: -1, tells: map[string]int{"link up": links, "path up": paths}}, func() error { return nil })
	s.until("links at both ends", func() bool { return s.links(-1) == links })
	s.do(chapter{name: "a link of path 0 is killed", path: 0, tells: map[string]int{"link down": 1, "link up": 1}}, func() error {
		for _, c := range s.connections() {
			if c.Remote.Port() == labPort && c.Remote.Addr().String() == l.Address(lab.RX, 0) {
				return l.Destroy(lab.TX, c)
			}
		}
		return errors.New("there is none")
	})
	s.do(chapter{name: "path 1 goes", path: 1, tells: map[string]int{"link down": links / paths, "path down": 1}}, func() error { return l.PathDown(1) })
	s.do(chapter{name: "path 1 is back", path: 1, tells: map[string]int{"link up": links / paths, "path up": 1}}, func() error { return l.PathUp(1) })
	s.do(chapter{name: "all paths go", path: -1, tells: map[string]int{"link down": links, "path down": paths, "outage begins": 1}},
		func() error { return errors.Join(l.PathDown(0), l.PathDown(1)) })
	gone := s.chapters[len(s.chapters)-1]
	receiverTells := func(what string) {
		s.until("the receiver's "+what, func() bool {
			return slices.ContainsFunc(eventsOf(t, s.rx), func(e told) bool { return e.what() == what && !e.First })
		})
	}
	receiverTells("outage begins")
	s.do(chapter{name: "all paths are back", path: -1, tells: map[string]int{"link up": links, "path up": paths, "outage ends": 1}},
		func() error { return errors.Join(l.PathUp(0), l.PathUp(1)) })
	back := s.chapters[len(s.chapters)-1]
	receiverTells("outage ends")
	s.do(chapter{name: "the end", path: -1}, func() error {
		in.Rate(0)
		in.Open()
		return nil
	})
	s.finish()
	s.sender()
	for _, name := range []string{s.tx, s.rx} {
		s.outage(name, gone, back)
		s.ends(name)
	}
	for _, e := range eventsOf(t, s.tx) {
		if last := !e.Time.Before(s.chapters[len(s.chapters)-1].from); e.State == "down" && e.Expected != last {
			t.Errorf("a %s at %v that is expected: %v", e.what(), e.Time, e.Expected)
		}
	}
}
