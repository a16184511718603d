package engine

import (
	"testing"
	"time"
)

// happening is something that an outage is told.
type happening func(o *outage, now time.Time)

func tries(path int, r reply) happening {
	return func(o *outage, now time.Time) { o.attempt(path, r, now) }
}

func loses(how ending) happening {
	return func(o *outage, now time.Time) { o.linkLost(how, true, now, now) }
}

// silent loses a link on which nothing was heard for so long.
func silent(d time.Duration) happening {
	return func(o *outage, now time.Time) { o.linkLost(endNoSign, true, now.Add(-d), now) }
}

func comesUp(o *outage, now time.Time) { o.linkUp(now) }

// The table in the comment of outage, row by row, and what is between its columns. Each case begins with two links up.
func TestOutageJudge(t *testing.T) {
	const dead, giveup = 15, 3600
	type at struct {
		second float64
		what   happening
	}
	closed, reset, noSign := loses(endClosed), loses(endReset), loses(endNoSign)
	gone := []at{{0, silent(4 * time.Second)}, {0, silent(4 * time.Second)}}
	with := func(more ...at) []at { return append(append([]at(nil), gone...), more...) }
	for _, c := range []struct {
		name         string
		happens      []at
		judged       float64
		dead, giveup time.Duration
		want         fate
	}{
		{"links are up", nil, 100, dead, giveup, fateWait},
		{"links are up, and nothing moves", nil, giveup, dead, giveup, fateLost},

		// The end that dials.
		{"refused at once", with(at{0, tries(0, replyRefused)}), 0, dead, giveup, fateWait},
		{"refused once, long ago", with(at{0, tries(0, replyRefused)}), 100, dead, giveup, fateWait},
		{"refused, almost", with(at{1, tries(0, replyRefused)}, at{15.9, tries(0, replyRefused)}), 15.9, dead, giveup, fateWait},
		{"refused", with(at{1, tries(0, replyRefused)}, at{16, tries(0, replyRefused)}), 16, dead, giveup, fateRefused},
		{"refused, and dead is off", with(at{1, tries(0, replyRefused)}, at{90, tries(0, replyRefused)}), 90, -1, giveup, fateWait},
		{"refused after silence", with(at{15, tries(0, replyRefused)}, at{16, tries(0, replyRefused)}), 16, dead, giveup, fateWait},
		{"refused beside a silent path", with(at{1, tries(0, replyRefused)}, at{5, tries(1, replyNone)},
			at{16, tries(0, replyRefused)}), 16, dead, giveup, fateRefused},
		{"all silent in between", with(at{1, tries(0, replyRefused)}, at{8, tries(0, replyNone)},
			at{16, tries(0, replyRefused)}), 16, dead, giveup, fateWait},
		{"another answer in between", with(at{1, tries(0, replyRefused)}, at{8, tries(0, replyElse)},
			at{16, tries(0, replyRefused)}), 16, dead, giveup, fateWait},
		{"another answer on another path", with(at{0, tries(1, replyElse)}, at{1, tries(0, replyRefused)},
			at{16, tries(0, replyRefused)}), 16, dead, giveup, fateWait},
		{"a forwarder", with(at{1, tries(0, replyElse)}, at{16, tries(0, replyElse)}), 16, dead, giveup, fateWait},
		{"refused where the peer never was", with(at{1, tries(0, replyUnmet)}, at{16, tries(0, replyUnmet)}), 16, dead, giveup, fateWait},
		{"refused there too", with(at{1, tries(0, replyUnmet)}, at{2, tries(1, replyRefused)},
			at{17, tries(1, replyRefused)}), 17, dead, giveup, fateRefused},
		{"a link in between", with(at{1, tries(0, replyRefused)}, at{8, comesUp}, at{8, silent(0)},
			at{16, tries(0, replyRefused)}), 16, dead, giveup, fateWait},
		{"refused while a link is up", []at{{0, silent(0)}, {1, tries(0, replyRefused)}, {16, tries(0, replyRefused)}, {16, silent(0)}},
			16, dead, giveup, fateWait},
		{"unknown everywhere", with(at{1, tries(0, replyGone)}, at{1, tries(1, replyUnknown)}), 1, -1, -1, fateUnknown},
		{"unknown on one path", with(at{1, tries(0, replyGone)}), 1, dead, giveup, fateWait},
		{"unknown on one path, silent on the other", with(at{1, tries(0, replyGone)}, at{16, tries(0, replyGone)}), 16, dead, giveup, fateRefused},

		// The end that listens.
		{"closed, almost", []at{{0, closed}, {1, closed}}, 15.9, dead, giveup, fateWait},
		{"closed", []at{{0, closed}, {1, closed}}, 16, dead, giveup, fateClosed},
		{"closed, and dead is off", []at{{0, closed}, {1, closed}}, 90, -1, -1, fateWait},
		{"closed beside a silent path", []at{{0, closed}, {4, silent(4 * time.Second)}}, 15, dead, giveup, fateClosed},
		{"closed, and the other was heard on", []at{{0, closed}, {9, silent(4 * time.Second)}}, 30, dead, giveup, fateWait},
		{"closed with a word", []at{{0, noSign}, {1, noSign}}, 90, dead, giveup, fateWait},
		{"reset", []at{{0, reset}, {0, reset}}, 59, dead, giveup, fateWait},
		{"reset for long", []at{{0, reset}, {0, reset}}, 60, dead, giveup, fateClosed},
		{"one reset, one closed", []at{{0, reset}, {0, closed}}, 15, dead, giveup, fateClosed},
		{"a link in between", []at{{0, closed}, {1, closed}, {2, comesUp}, {3, silent(0)}}, 90, dead, giveup, fateWait},
		{"cut by us", []at{{0, noSign}, {0, noSign}}, 90, dead, giveup, fateWait},

		// Both.
		{"silence", with(), giveup - 1, dead, giveup, fateWait},
		{"silence for giveup", with(), giveup, dead, giveup, fateLost},
		{"silence, for ever", with(), 1e6, dead, -1, fateWait},
		{"giveup before dead", with(), 2, dead, 1, fateLost},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Unix(100, 0)
			o := outage{replies: make([]reply, 2)}
			o.linkUp(start)
			o.linkUp(start)
			at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
			for _, h := range c.happens {
				h.what(&o, at(h.second))
			}
			times := func(d time.Duration) time.Duration { return d * 1e9 }
			if got := o.judge(at(c.judged), times(c.dead), times(c.giveup)); got != c.want {
				t.Errorf("fate %d, want %d", got, c.want)
			}
		})
	}
}

// A sender whose links were all reset is waited for longer, and what is said then is how long it was.
func TestOutageSaysHowLongThePeerWasAway(t *testing.T) {
	at := time.Unix(100, 0)
	for how, want := range map[ending]time.Duration{endClosed: 15 * time.Second, endReset: time.Minute} {
		var o outage
		o.linkUp(at)
		o.linkLost(how, true, at, at)
		now := at.Add(want)
		if got := o.judge(now, 15*time.Second, time.Hour); got != fateClosed {
			t.Errorf("ending %d: fate %d, want %d", how, got, fateClosed)
		}
		if got := o.away(now.Add(20 * time.Millisecond)); got != want {
			t.Errorf("ending %d: away for %v, want %v", how, got, want)
		}
	}
}

// A link that never brought a frame shows nothing, and giveup counts on while links come up and break at once.
func TestOutageOfLinksOfNoUse(t *testing.T) {
	at := time.Unix(100, 0)
	var o outage
	o.linkUp(at)
	o.linkLost(endNoSign, true, at, at)
	o.progress(at)
	for n := range 5 {
		now := at.Add(time.Duration(n+1) * time.Second)
		o.linkUp(now)
		o.linkLost(endClosed, false, now, now)
	}
	if got := o.judge(at.Add(20*time.Second), 15*time.Second, 30*time.Second); got != fateWait {
		t.Errorf("fate %d before giveup", got)
	}
	if got := o.judge(at.Add(30*time.Second), 15*time.Second, 30*time.Second); got != fateLost {
		t.Errorf("fate %d after giveup", got)
	}
}

// What seems to get through counts until a link ends that has nothing to show for it, and then no more, until something does.
func TestOutageOfHopes(t *testing.T) {
	start := time.Unix(100, 0)
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	var o outage
	o.linkUp(start)
	judge := func(second int, want fate) {
		t.Helper()
		if got := o.judge(at(second), -1, 5*time.Second); got != want {
			t.Errorf("second %d: fate %d, want %d", second, got, want)
		}
	}
	o.hope(at(3))
	judge(6, fateWait)
	o.despair(at(4))
	o.hope(at(5)) // on the next link
	judge(6, fateLost)
	o.progress(at(2)) // before it ended
	o.hope(at(6))
	judge(7, fateLost)
	o.progress(at(6))
	o.hope(at(10))
	judge(14, fateWait)
	judge(15, fateLost)
}

// Addresses of one name lead to one receiver.
func TestRepliesOfTwoAddresses(t *testing.T) {
	for _, c := range []struct{ a, b, want reply }{
		{replyNone, replyNone, replyNone},
		{replyNone, replyRefused, replyRefused},
		{replyUnmet, replyNone, replyUnmet},
		{replyUnmet, replyRefused, replyRefused},
		{replyGone, replyRefused, replyRefused},
		{replyGone, replyNone, replyGone},
		{replyElse, replyRefused, replyElse},
	} {
		if ab, ba := c.a.both(c.b), c.b.both(c.a); ab != c.want || ba != c.want {
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
		o            outage
		dead, giveup time.Duration
		at           time.Time
		keyword      string
	}{
		{"silence", outage{since: at(10)}, dead, giveup, at(3610), "giveup"},
		{"silence for ever", outage{since: at(10)}, dead, -1, time.Time{}, "giveup"},
		{"refused", outage{since: at(10), refused: at(20)}, dead, giveup, at(35), "dead"},
		{"refused, for ever otherwise", outage{since: at(10), refused: at(20)}, dead, -1, at(35), "dead"},
		{"refused, dead off", outage{since: at(10), refused: at(20)}, -1, giveup, at(3610), "giveup"},
		{"closed", outage{since: at(10), closed: at(10)}, dead, giveup, at(25), "dead"},
		{"reset", outage{since: at(10), reset: at(10)}, dead, giveup, at(70), "dead"},
		{"giveup comes first", outage{since: at(10), reset: at(10)}, dead, 20 * time.Second, at(30), "giveup"},
	} {
		if got, keyword := c.o.deadline(c.dead, c.giveup); !got.Equal(c.at) || keyword != c.keyword {
			t.Errorf("%s: %v by %s, want %v by %s", c.name, got, keyword, c.at, c.keyword)
		}
	}
}
