package outcry

import (
	"testing"
	"time"

	"viamillipede/engine/schedule"
)

// What the user is told, second by second, of a stream whose links come and go.
func TestOutcry(t *testing.T) {
	const begins, lasts, ends = Begins, Lasts, Ends
	timing := schedule.Timing{Tell: 2 * time.Second, TellAgain: 10 * time.Second}
	start := time.Unix(1000, 0)
	for _, c := range []struct {
		name  string
		links string // at each second: a link is (u)p; it is and nothing gets (t)hrough; none is, (d)own, or the peer is (m)et; over, (f)ailed
		want  map[int]News
		first bool
	}{
		{"quick", "duuuuuuuuo", nil, true},
		{"dialled again at once", "uuuududuudduuuo", nil, false},
		{"a second contact", "dddddddduuuu", map[int]News{2: begins, 9: ends}, true},
		{"a contact of little use", "dddttttttttttttt", map[int]News{2: begins, 4: ends, 13: begins}, true},
		{"the peer is met just before it would be said", "dmduuuuu", nil, true},
		{"and then there is no link", "dmddduuuu", map[int]News{3: begins, 6: ends}, true},
		{"a contact that does not last", "dddmdddddddddddduuu", map[int]News{2: begins, 5: begins, 15: lasts, 17: ends}, true},
		{"nor does the second", "dddmduuu", map[int]News{2: begins, 6: ends}, true},
		{"an outage", "uuudddduuuu", map[int]News{5: begins, 8: ends}, false},
		{"a long one", "uddddddddddddddddddddddddduuu", map[int]News{3: begins, 13: lasts, 23: lasts, 27: ends}, false},
		{"two", "uddddduuuuddddduuu", map[int]News{3: begins, 7: ends, 12: begins, 16: ends}, false},
		{"a link that breaks at once", "uddddtdddtuuu", map[int]News{3: begins, 11: ends}, false},
		{"a moment's silence", "uttttdtu", nil, false},
		{"nothing gets through", "uttttttttttttttttttttuuu", map[int]News{10: begins, 20: lasts, 22: ends}, false},
		{"links that break at once", "utdtdtdtdtdtdtuuu", map[int]News{10: begins, 15: ends}, false},
		{"failed", "uddddddf", map[int]News{3: begins}, false},
		{"over at once", "udddduo", map[int]News{3: begins, 6: ends}, false},
		{"over before it is seen", "uddddo", map[int]News{3: begins, 5: ends}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o Outcry
			through, met := start, !c.first
			for second, link := range c.links {
				now := start.Add(time.Duration(second) * time.Second)
				if link == 'u' || !met && (link == 't' || link == 'm') {
					through, met = now, true
				}
				got := o.Look(now, Plight{
					Without: link == 'd' || link == 'm' || link == 'o', Since: through, Met: met, Over: link == 'o', Failed: link == 'f',
				}, timing)
				if got != c.want[second] {
					t.Errorf("second %d: %d, want %d", second, got, c.want[second])
				}
			}
		})
	}
}

// A supervisor that is held up between its clock and its look has seen nothing of the time before the peer was met.
func TestOutcryOfASupervisorThatIsLate(t *testing.T) {
	timing := schedule.Timing{Tell: 2 * time.Second, TellAgain: time.Hour}
	start := time.Unix(1000, 0)
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	var o Outcry
	o.Look(at(3), Plight{Without: true, Since: start}, timing)
	for _, now := range []time.Time{at(4), at(8)} { // when it was met, at 7, the first of these looks was under way
		if n := o.Look(now, Plight{Without: true, Since: at(7), Met: true}, timing); n != None {
			t.Errorf("%v after the peer came: %d", now.Sub(at(7)), n)
		}
	}
}
