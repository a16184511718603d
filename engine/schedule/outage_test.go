package schedule

import (
	"testing"
	"time"
)

// happening is something that an outage is told.
type happening func(o *Outage, now time.Time)

func tries(path int, r Reply) happening {
	return func(o *Outage, now time.Time) { o.Attempt(path, r, now) }
}

func loses(how Ending) happening {
	return func(o *Outage, now time.Time) { o.LinkLost(how, true, now, now) }
}

// silent loses a link on which nothing was heard for so long.
func silent(d time.Duration) happening {
	return func(o *Outage, now time.Time) { o.LinkLost(EndNoSign, true, now.Add(-d), now) }
}

func comesUp(o *Outage, now time.Time) { o.LinkUp(now) }

// The table in the comment of outage, row by row, and what is between its columns. Each case begins with two links up.
func TestOutageJudge(t *testing.T) {
	const dead, giveup = 15, 3600
	type at struct {
		second float64
		what   happening
	}
	closed, reset, noSign := loses(EndClosed), loses(EndReset), loses(EndNoSign)
	gone := []at{{0, silent(4 * time.Second)}, {0, silent(4 * time.Second)}}
	with := func(more ...at) []at { return append(append([]at(nil), gone...), more...) }
	for _, c := range []struct {
		name         string
		happens      []at
		judged       float64
		dead, giveup time.Duration
		want         Fate
	}{
		{"links are up", nil, 100, dead, giveup, FateWait},
		{"links are up, and nothing moves", nil, giveup, dead, giveup, FateLost},

		// The end that dials.
		{"refused at once", with(at{0, tries(0, ReplyRefused)}), 0, dead, giveup, FateWait},
		{"refused once, long ago", with(at{0, tries(0, ReplyRefused)}), 100, dead, giveup, FateWait},
		{"refused, almost", with(at{1, tries(0, ReplyRefused)}, at{15.9, tries(0, ReplyRefused)}), 15.9, dead, giveup, FateWait},
		{"refused", with(at{1, tries(0, ReplyRefused)}, at{16, tries(0, ReplyRefused)}), 16, dead, giveup, FateRefused},
		{"refused, and dead is off", with(at{1, tries(0, ReplyRefused)}, at{90, tries(0, ReplyRefused)}), 90, -1, giveup, FateWait},
		{"refused after silence", with(at{15, tries(0, ReplyRefused)}, at{16, tries(0, ReplyRefused)}), 16, dead, giveup, FateWait},
		{"refused beside a silent path", with(at{1, tries(0, ReplyRefused)}, at{5, tries(1, ReplyNone)},
			at{16, tries(0, ReplyRefused)}), 16, dead, giveup, FateRefused},
		{"all silent in between", with(at{1, tries(0, ReplyRefused)}, at{8, tries(0, ReplyNone)},
			at{16, tries(0, ReplyRefused)}), 16, dead, giveup, FateWait},
		{"another answer in between", with(at{1, tries(0, ReplyRefused)}, at{8, tries(0, ReplyElse)},
			at{16, tries(0, ReplyRefused)}), 16, dead, giveup, FateWait},
		{"another answer on another path", with(at{0, tries(1, ReplyElse)}, at{1, tries(0, ReplyRefused)},
			at{16, tries(0, ReplyRefused)}), 16, dead, giveup, FateWait},
		{"a forwarder", with(at{1, tries(0, ReplyElse)}, at{16, tries(0, ReplyElse)}), 16, dead, giveup, FateWait},
		{"refused where the peer never was", with(at{1, tries(0, ReplyUnmet)}, at{16, tries(0, ReplyUnmet)}), 16, dead, giveup, FateWait},
		{"refused there too", with(at{1, tries(0, ReplyUnmet)}, at{2, tries(1, ReplyRefused)},
			at{17, tries(1, ReplyRefused)}), 17, dead, giveup, FateRefused},
		{"a link in between", with(at{1, tries(0, ReplyRefused)}, at{8, comesUp}, at{8, silent(0)},
			at{16, tries(0, ReplyRefused)}), 16, dead, giveup, FateWait},
		{"refused while a link is up", []at{{0, silent(0)}, {1, tries(0, ReplyRefused)}, {16, tries(0, ReplyRefused)}, {16, silent(0)}},
			16, dead, giveup, FateWait},
		{"unknown everywhere", with(at{1, tries(0, ReplyGone)}, at{1, tries(1, ReplyUnknown)}), 1, -1, -1, FateUnknown},
		{"unknown on one path", with(at{1, tries(0, ReplyGone)}), 1, dead, giveup, FateWait},
		{"unknown on one path, silent on the other", with(at{1, tries(0, ReplyGone)}, at{16, tries(0, ReplyGone)}), 16, dead, giveup, FateRefused},

		// The end that listens.
		{"closed, almost", []at{{0, closed}, {1, closed}}, 15.9, dead, giveup, FateWait},
		{"closed", []at{{0, closed}, {1, closed}}, 16, dead, giveup, FateClosed},
		{"closed, and dead is off", []at{{0, closed}, {1, closed}}, 90, -1, -1, FateWait},
		{"closed beside a silent path", []at{{0, closed}, {4, silent(4 * time.Second)}}, 15, dead, giveup, FateClosed},
		{"closed, and the other was heard on", []at{{0, closed}, {9, silent(4 * time.Second)}}, 30, dead, giveup, FateWait},
		{"closed with a word", []at{{0, noSign}, {1, noSign}}, 90, dead, giveup, FateWait},
		{"reset", []at{{0, reset}, {0, reset}}, 59, dead, giveup, FateWait},
		{"reset for long", []at{{0, reset}, {0, reset}}, 60, dead, giveup, FateClosed},
		{"one reset, one closed", []at{{0, reset}, {0, closed}}, 15, dead, giveup, FateClosed},
		{"a link in between", []at{{0, closed}, {1, closed}, {2, comesUp}, {3, silent(0)}}, 90, dead, giveup, FateWait},
		{"cut by us", []at{{0, noSign}, {0, noSign}}, 90, dead, giveup, FateWait},

		// Both.
		{"silence", with(), giveup - 1, dead, giveup, FateWait},
		{"silence for giveup", with(), giveup, dead, giveup, FateLost},
		{"silence, for ever", with(), 1e6, dead, -1, FateWait},
		{"giveup before dead", with(), 2, dead, 1, FateLost},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Unix(100, 0)
			o := Outage{replies: make([]Reply, 2)}
			o.LinkUp(start)
			o.LinkUp(start)
			at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
			for _, h := range c.happens {
				h.what(&o, at(h.second))
			}
			times := func(d time.Duration) time.Duration { return d * 1e9 }
			if got := o.Judge(at(c.judged), times(c.dead), times(c.giveup)); got != c.want {
				t.Errorf("fate %d, want %d", got, c.want)
			}
		})
	}
}

// A sender whose links were all reset is waited for longer, and what is said then is how long it was.
func TestOutageSaysHowLongThePeerWasAway(t *testing.T) {
	at := time.Unix(100, 0)
	for how, want := range map[Ending]time.Duration{EndClosed: 15 * time.Second, EndReset: time.Minute} {
		var o Outage
		o.LinkUp(at)
		o.LinkLost(how, true, at, at)
		now := at.Add(want)
		if got := o.Judge(now, 15*time.Second, time.Hour); got != FateClosed {
			t.Errorf("ending %d: fate %d, want %d", how, got, FateClosed)
		}
		if got := o.Away(now.Add(20 * time.Millisecond)); got != want {
			t.Errorf("ending %d: away for %v, want %v", how, got, want)
		}
	}
}

// A process that dies resets the links on which it had something to read, and closes the others, in any order: that is no reset
// by something on the way.
func TestOutageOfAProcessThatDies(t *testing.T) {
	at := time.Unix(100, 0)
	type end struct {
		how    Ending
		proved bool
	}
	for _, c := range []struct {
		ends []end
		want Fate // when dead is over
	}{
		{[]end{{EndReset, true}, {EndClosed, false}}, FateClosed},
		{[]end{{EndClosed, false}, {EndReset, true}}, FateClosed},
		{[]end{{EndReset, true}, {EndReset, false}}, FateWait},
		{[]end{{EndClosed, false}, {EndNoSign, true}}, FateWait},
	} {
		var o Outage
		for range c.ends {
			o.LinkUp(at)
		}
		for _, e := range c.ends {
			o.LinkLost(e.how, e.proved, at, at)
		}
		if got := o.Judge(at.Add(15*time.Second), 15*time.Second, time.Hour); got != c.want {
			t.Errorf("%v: fate %d, want %d", c.ends, got, c.want)
		}
	}
}

// A link may come up when its peer has died already, since its hello was on its way. It ends as the others did, and the sign counts again.
func TestOutageOfALinkThatComesLate(t *testing.T) {
	at := time.Unix(100, 0)
	const dead = 15 * time.Second
	for how, want := range map[Ending]time.Duration{EndClosed: dead, EndReset: resetTimes * dead} {
		var o Outage
		o.LinkUp(at)
		o.LinkLost(how, true, at, at)
		for range 2 {
			at = at.Add(time.Second)
			o.LinkUp(at)
			if got := o.Judge(at.Add(want), dead, time.Hour); got != FateWait {
				t.Errorf("ending %d: fate %d while a link is up", how, got)
			}
			o.LinkLost(how, false, at, at)
		}
		if got := o.Judge(at.Add(want-1), dead, time.Hour); got != FateWait {
			t.Errorf("ending %d: fate %d before it is time", how, got)
		}
		if got := o.Judge(at.Add(want), dead, time.Hour); got != FateClosed {
			t.Errorf("ending %d: fate %d, want %d", how, got, FateClosed)
		}
		// One on which the peer is heard says that it lives.
		o.LinkUp(at)
		o.LinkLost(EndNoSign, true, at, at)
		o.LinkUp(at)
		o.LinkLost(EndClosed, false, at, at)
		if got := o.Judge(at.Add(dead), dead, time.Hour); got != FateWait {
			t.Errorf("ending %d: fate %d of a peer that was heard", how, got)
		}
	}
}

// A link that never brought a frame shows nothing by itself, and giveup counts on while links come up and break at once.
func TestOutageOfLinksOfNoUse(t *testing.T) {
	at := time.Unix(100, 0)
	var o Outage
	o.LinkUp(at)
	o.LinkLost(EndNoSign, true, at, at)
	o.Progress(at)
	for n := range 5 {
		now := at.Add(time.Duration(n+1) * time.Second)
		o.LinkUp(now)
		o.LinkLost(EndClosed, false, now, now)
	}
	if got := o.Judge(at.Add(20*time.Second), 15*time.Second, 30*time.Second); got != FateWait {
		t.Errorf("fate %d before giveup", got)
	}
	if got := o.Judge(at.Add(30*time.Second), 15*time.Second, 30*time.Second); got != FateLost {
		t.Errorf("fate %d after giveup", got)
	}
}

// What seems to get through counts until a link ends that has nothing to show for it, and then no more, until something does.
func TestOutageOfHopes(t *testing.T) {
	start := time.Unix(100, 0)
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	var o Outage
	o.LinkUp(start)
	judge := func(second int, want Fate) {
		t.Helper()
		if got := o.Judge(at(second), -1, 5*time.Second); got != want {
			t.Errorf("second %d: fate %d, want %d", second, got, want)
		}
	}
	o.Hope(at(3))
	judge(6, FateWait)
	o.Despair(at(4))
	o.Hope(at(5)) // on the next link
	judge(6, FateLost)
	o.Progress(at(2)) // before it ended
	o.Hope(at(6))
	judge(7, FateLost)
	o.Progress(at(6))
	o.Hope(at(10))
	judge(14, FateWait)
	judge(15, FateLost)
}

// Addresses of one name lead to one receiver.
func TestRepliesOfTwoAddresses(t *testing.T) {
	for _, c := range []struct{ a, b, want Reply }{
		{ReplyNone, ReplyNone, ReplyNone},
		{ReplyNone, ReplyRefused, ReplyRefused},
		{ReplyUnmet, ReplyNone, ReplyUnmet},
		{ReplyUnmet, ReplyRefused, ReplyRefused},
		{ReplyGone, ReplyRefused, ReplyRefused},
		{ReplyGone, ReplyNone, ReplyGone},
		{ReplyElse, ReplyRefused, ReplyElse},
	} {
		if ab, ba := c.a.Both(c.b), c.b.Both(c.a); ab != c.want || ba != c.want {
			t.Errorf("%d and %d: %d, %d, want %d", c.a, c.b, ab, ba, c.want)
		}
	}
}

// What the user is told of when the wait ends.
func TestOutageDeadline(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	const dead, giveup = 15 * time.Second, time.Hour
	for _, c := range []struct {
		name         string
		o            Outage
		dead, giveup time.Duration
		at           time.Time
		keyword      string
	}{
		{"silence", Outage{since: at(10)}, dead, giveup, at(3610), "giveup"},
		{"silence for ever", Outage{since: at(10)}, dead, -1, time.Time{}, "giveup"},
		{"refused", Outage{since: at(10), refused: at(20)}, dead, giveup, at(35), "dead"},
		{"refused, for ever otherwise", Outage{since: at(10), refused: at(20)}, dead, -1, at(35), "dead"},
		{"refused, dead off", Outage{since: at(10), refused: at(20)}, -1, giveup, at(3610), "giveup"},
		{"closed", Outage{since: at(10), closed: at(10)}, dead, giveup, at(25), "dead"},
		{"reset", Outage{since: at(10), reset: at(10)}, dead, giveup, at(70), "dead"},
		{"giveup comes first", Outage{since: at(10), reset: at(10)}, dead, 20 * time.Second, at(30), "giveup"},
	} {
		if got, keyword := c.o.Deadline(c.dead, c.giveup); !got.Equal(c.at) || keyword != c.keyword {
			t.Errorf("%s: %v by %s, want %v by %s", c.name, got, keyword, c.at, c.keyword)
		}
	}
}

// Where all links of a peer die in turn and it calls again, the time without it does not count, and that with it does, until payload moves or
// another one comes.
func TestOutageOfAPeerThatCallsAgain(t *testing.T) {
	start := time.Unix(100, 0)
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	for _, c := range []struct {
		name  string
		comes func(o *Outage, now time.Time) // the peer, after 4 s with it and 10 without
		want  Fate                           // 6 s later
	}{
		{"the same", func(*Outage, time.Time) {}, FateLost},
		{"the same, twice", func(o *Outage, now time.Time) { o.Forget(now) }, FateLost},
		{"another", func(o *Outage, now time.Time) { o.Other() }, FateWait},
		{"the same, and payload moves", func(o *Outage, now time.Time) { o.LinkUp(now); o.Progress(now) }, FateWait},
	} {
		var o Outage
		o.Start(start, 0)
		o.LinkUp(at(1))
		o.LinkLost(EndNoSign, true, at(5), at(5))
		o.Forget(at(5))
		c.comes(&o, at(15))
		o.LinkUp(at(15))
		if got := o.Judge(at(20), -1, 10*time.Second); got != FateWait {
			t.Errorf("%s: fate %d after 4 s and 5 s", c.name, got)
		}
		if got := o.Judge(at(21), -1, 10*time.Second); got != c.want {
			t.Errorf("%s: fate %d after 4 s and 6 s, want %d", c.name, got, c.want)
		}
	}
}
