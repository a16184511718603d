package schedule

import "time"

// A keeper's pause before the next attempt, by how the last one ended:
//
//	a link carried payload, or left as it should  Timing.Backoff
//	a link broke before it carried any, and had   half the last pause, at least Timing.Backoff
//	  lasted longer than that pause
//	it broke earlier than that                    twice the last pause, at most Timing.BackoffMost
//	no link, and the path has none                the same, less the time that the attempt took
//	no link, and the path has others              twice the last pause, and twice the attempt, at most Timing.Rare
//	a link had payload and carried none,          the same; for the first keeper of a path at most anchorMost
//	  and the stream has other links
//
// A quiet direction has nothing to carry: where all links are cut all the time, it has to have one again by the time it has something.
//
// What keeps some links out, such as a firewall that counts them, is not tried again and again; nor is a path on which links come up
// but nothing gets through. The pauses are spread, so that links that were lost together do not come back together. Hope, or the news
// that the path no longer has a link, ends every pause.

// Use is how useful a link was.
type Use int

const (
	UseNone   Use = iota // it came up; there was nothing for it to carry, or no time
	UseWasted            // it had payload, and nothing of it got through
	UseGood              // it carried payload, or was up for long, or left as it should
)

// Attempt is how an attempt of a keeper went.
type Attempt struct {
	Linked bool // a link came up, and has ended
	Use    Use
	Took   time.Duration
	Beside bool // there are other links
}

// Pause returns the next pause, given the last one, 0 at first. anchor: the keeper is the first of its path.
func (t Timing) Pause(last time.Duration, a Attempt, anchor bool) time.Duration {
	twice := max(2*last, t.Backoff)
	switch {
	case a.Linked && a.Use == UseGood:
		return t.Backoff
	case a.Beside && (!a.Linked || a.Use == UseWasted):
		most := max(t.BackoffMost, t.Rare)
		if a.Linked && anchor {
			most = max(t.BackoffMost, min(most, anchorMost))
		}
		return min(max(twice, 2*a.Took), most)
	case a.Linked && a.Use == UseNone && a.Took >= max(last, 2*t.Backoff):
		return max(last/2, t.Backoff)
	}
	return min(twice, t.BackoffMost)
}

// Spread is how much longer than that a pause may take, at random: a quarter; if it may last minutes, as long again.
func (t Timing) Spread(pause time.Duration) time.Duration {
	if pause > t.BackoffMost {
		return pause
	}
	return pause / 4
}
