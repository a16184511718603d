package stream

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"viamillipede/engine/internal/gauge"
	"viamillipede/engine/internal/outcry"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// A stream that was over before its peer came has taken no time.
func TestSpan(t *testing.T) {
	at := time.Unix(100, 0)
	for _, c := range []struct {
		first, end time.Time
		want       time.Duration
	}{
		{},
		{first: at, want: 3 * time.Second},
		{first: at, end: at.Add(time.Second), want: time.Second},
		{first: at, end: at.Add(-time.Second)},
	} {
		if got := span(c.first, c.end, at.Add(3*time.Second)); got != c.want {
			t.Errorf("from %v to %v: %v, want %v", c.first, c.end, got, c.want)
		}
	}
}

func TestRemoteError(t *testing.T) {
	for from, want := range map[Status]Status{
		StatusIntegrity: StatusIntegrity, StatusLocalPipe: StatusRemotePipe, StatusInterrupt: StatusRemotePipe,
		StatusLost: StatusRemotePipe, 65535: StatusRemotePipe,
	} {
		err := RemoteError("receiver", wire.Fault{Status: uint16(from), Text: "why"})
		if err.Status != want || err.Error() != "the receiver failed: why" {
			t.Errorf("status %d is told as %d: %v", from, err.Status, err)
		}
	}
}

// half is an end that does as it is told.
type half struct {
	verdict   *Error
	concluded bool
	alone     bool // a link is to be hoped for, and there is none
	glances   int
}

func (h *half) Glance(time.Time)                                     { h.glances++ }
func (h *half) Concluded(time.Time) bool                             { return h.concluded }
func (h *half) Verdict(time.Time) *Error                             { return h.verdict }
func (h *half) Speechless(time.Time) bool                            { return h.alone }
func (h *half) Patience() (dead, giveup time.Duration)               { return -1, -1 }
func (h *half) Plight(now time.Time) outcry.Plight                   { return outcry.Plight{Since: now} }
func (h *half) Cry(*observe.Outage, outcry.News, outcry.Plight) bool { return false }
func (h *half) Bytes() uint64                                        { return 0 }
func (h *half) Account(*observe.Summary)                             {}
func (h *half) LinkStatus() (links []observe.LinkStatus)             { return links }
func (h *half) Fill(*observe.Snapshot)                               {}

// newLife is the life of a stream that has begun, without a loop.
func newLife(h *half) *Life {
	l := &Life{}
	l.Live(h, nil, schedule.Timing{Tick: time.Millisecond, Farewell: time.Millisecond}, time.Second, 0)
	l.Begin(time.Now(), 0)
	return l
}

// Only what comes first ends a stream, and what is complete cannot fail any more, except by the user's wish.
func TestStreamEndsOnce(t *testing.T) {
	late := Fail(StatusLost, nil, "too late")
	for _, c := range []struct {
		name string
		ends func(l *Life)
		want Status
	}{
		{"failed", func(l *Life) { l.Fail(Fail(StatusIntegrity, nil, "damaged")); l.Fail(late); l.Finish(nil) }, StatusIntegrity},
		{"delivered", func(l *Life) { l.Finish(nil); l.Fail(late) }, StatusDone},
		{"complete", func(l *Life) { l.Complete(wire.Done{}, time.Now()); l.Fail(late); l.Finish(nil) }, StatusDone},
		{"complete, and stopped", func(l *Life) {
			l.Complete(wire.Done{}, time.Now())
			l.Finish(Fail(StatusInterrupt, nil, "stopped"))
		}, StatusInterrupt},
	} {
		l := newLife(&half{})
		c.ends(l)
		if got := ExitStatus(l.Err); !l.Finished || got != c.want {
			t.Errorf("%s: status %d, want %d", c.name, got, c.want)
		}
		if l.Complete(wire.Done{}, time.Now()) {
			t.Errorf("%s: and it is complete after that", c.name)
		}
	}
}

// The supervisor looks now and then, and at once when it is roused.
func TestSupervise(t *testing.T) {
	why := Fail(StatusLost, nil, "no hope")
	for _, c := range []struct {
		name string
		half half
		ctx  time.Duration // until the user stops it
		want Status
	}{
		{"hopeless", half{verdict: why}, time.Hour, StatusLost},
		{"all is done", half{concluded: true, verdict: why}, time.Hour, StatusDone},
		{"stopped", half{}, time.Minute, StatusInterrupt},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLife(&c.half)
			ctx, stop := context.WithTimeout(t.Context(), c.ctx)
			defer stop()
			l.Supervise(ctx)
			if got := ExitStatus(l.Err); got != c.want {
				t.Errorf("%s: status %d, want %d", c.name, got, c.want)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		h := &half{}
		l := newLife(h)
		l.time.Tick = time.Hour
		go l.Supervise(t.Context())
		l.Rouse()
		synctest.Wait()
		if h.glances != 1 {
			t.Errorf("the supervisor looked %d times", h.glances)
		}
		l.Finish(nil)
	})
}

// A failure of this end is told as long as a link may come, unless the user does not wait, or the peer has failed itself.
func TestInsistWaitsForALink(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   *Error
		told  bool
		user  time.Duration // how long the user waits
		says  bool
		takes time.Duration
	}{
		{"nobody need hear of it", Fail(StatusLost, nil, "lost"), false, time.Hour, false, 0},
		{"the peer has failed", Fail(StatusLocalPipe, nil, "the sink is full"), true, time.Hour, false, 0},
		{"nobody comes", Fail(StatusLocalPipe, nil, "the sink is full"), false, time.Hour, true, time.Second},
		{"the user does not wait", Fail(StatusLocalPipe, nil, "the sink is full"), false, time.Millisecond, true, time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLife(&half{alone: true})
			l.Told.Store(c.told)
			l.Fail(c.err)
			ctx, stop := context.WithTimeout(t.Context(), c.user)
			defer stop()
			begun := time.Now()
			if says := l.Insist(ctx); says != c.says || time.Since(begun) != c.takes {
				t.Errorf("%s: insists %v, which takes %v, want %v and %v", c.name, says, time.Since(begun), c.says, c.takes)
			}
		})
	}
}

// worker is a loop whose link ends while it is asked, because the peer has answered the last words.
type worker struct {
	*loop.Loop
	life *Life
}

func (w worker) HeardOut() bool                      { w.life.Parted.Store(true); return false }
func (worker) MakeWay()                              {}
func (worker) Farewell([]byte, chan<- struct{})      {}
func (worker) Forsake()                              {}
func (worker) CloseLinks()                           {}
func (worker) Count(*gauge.Gauge)                    {}
func (worker) Describe() []observe.LinkStatus        { return nil }
func (worker) Collect() (sums []observe.LinkSummary) { return sums }

// An answer counts that comes while the links are asked, even where only one look is left.
func TestAnswerWhileAsked(t *testing.T) {
	l := newLife(&half{})
	l.time.Farewell = time.Minute
	at, err := loop.New(0, -1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	l.Workers = []Worker{worker{at, l}}
	l.Up = 1 // another link
	end := l.Run()
	heard := l.heardOut(t.Context())
	if _, done := l.Leave(at.Close); !heard || !done {
		t.Errorf("heard %v, ended %v", heard, done)
	}
	end()
}
