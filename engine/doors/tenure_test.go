package doors

import (
	"errors"
	"testing"
	"time"

	"viamillipede/engine/wire"
)

// Whose hello is admitted, refused or has to wait, in each stage of a tenure.
func TestTenure(t *testing.T) {
	phrase := [4]byte{'a', 'b', 'c', 'd'}
	ours := wire.Hello{Stream: wire.StreamID{1}, Links: 2, Phrase: phrase}
	others := wire.Hello{Stream: wire.StreamID{2}, Links: 2, Phrase: phrase}
	resumed := others
	resumed.Flags = wire.FlagResume
	tn := NewTenure("sender")
	const ok, wait = wire.VerdictOK, wire.VerdictBusy
	for _, c := range []struct {
		name           string
		does           func()
		ours, others   wire.Verdict
		othersMayCome  bool // later
		resumesOthers  wire.Verdict
		met, owns, out bool
	}{
		{"vacant", func() {}, ok, ok, false, wire.VerdictUnknown, false, false, false},
		{"tried", func() { tn.Try(ClaimOf(ours), time.Now()); tn.LinkCame() }, ok, wait, true, wire.VerdictUnknown, true, false, false},
		{"yielding", func() { tn.Yield() }, wait, wait, true, wire.VerdictUnknown, true, false, true},
		{"vacant again", func() {
			if !tn.LinkGone() {
				t.Error("the last link of a stream that is not owned has gone, and nothing follows")
			}
			tn.Vacate()
		}, ok, ok, false, wire.VerdictUnknown, false, false, false},
		{"tried again", func() { tn.Try(ClaimOf(ours), time.Now()); tn.LinkCame() }, ok, wait, true, wire.VerdictUnknown, true, false, false},
		{"failed", func() { tn.GiveUp(wire.Fault{Text: "stopped"}) }, wait, wait, true, wire.VerdictUnknown, true, false, true},
		{"owned", func() {
			if f := tn.Own(); f == nil || f.Text != "stopped" {
				t.Errorf("its sender has failed, and this is said of it: %v", f)
			}
		}, ok, wire.VerdictBusy, false, wire.VerdictBusy, true, true, false},
		{"without a link", func() {
			if tn.LinkGone() || tn.Yield() {
				t.Error("a stream that is owned is given up")
			}
		}, ok, wire.VerdictBusy, false, wire.VerdictBusy, true, true, false},
	} {
		turn := tn.turn
		c.does()
		v, _ := tn.Judge(ClaimOf(ours), phrase)
		w, err := tn.Judge(ClaimOf(others), phrase)
		x, _ := tn.Judge(ClaimOf(resumed), phrase)
		if v != c.ours || w != c.others || errors.Is(err, ErrTried) != c.othersMayCome || x != c.resumesOthers {
			t.Errorf("%s: to its sender %v, to another %v (%v), to one whose stream began elsewhere %v", c.name, v, w, err, x)
		}
		if tn.Met() != c.met || tn.Owns() != c.owns || (tn.OutWhy() != nil) != c.out {
			t.Errorf("%s: met %v, owned %v, on its way out because: %v", c.name, tn.Met(), tn.Owns(), tn.OutWhy())
		}
		select {
		case <-turn:
			if c.name != "vacant again" && c.name != "owned" {
				t.Errorf("%s: those who wait are woken", c.name)
			}
		default:
			if c.name == "vacant again" || c.name == "owned" {
				t.Errorf("%s: those who wait are not woken", c.name)
			}
		}
	}
	bad := ours
	bad.Links = 3
	if v, _ := tn.Judge(ClaimOf(bad), phrase); v != wire.VerdictMalformed {
		t.Errorf("another number of links: %v", v)
	}
	if v, _ := tn.Judge(ClaimOf(ours), [4]byte{}); v != wire.VerdictPhrase {
		t.Errorf("another checkphrase: %v", v)
	}
}
