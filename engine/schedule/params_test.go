package schedule

import (
	"testing"
	"time"
)

// The clocks are one system: what one of them calls a sign of trouble takes longer than what another one allows.
func TestClocksAreOneSystem(t *testing.T) {
	at := Default()
	type clock struct {
		name string
		d    time.Duration
	}
	for _, c := range []struct {
		less, more clock
		why        string
	}{
		{clock{"an ack", AckWithin}, clock{"LateLeast", LateLeast / 10}, "a leg is not late since its ack waits"},
		{clock{"a parked leg", ParkLooks * ParkMost}, clock{"LateLeast", LateLeast / 10}, "or since it waits for its turn"},
		{clock{"a parked leg, at a full sink", ParkFull * ParkMost}, clock{"LateLeast", LateLeast}, "likewise"},
		{clock{"MeasurePause", MeasurePause}, clock{"WatchPause", WatchPause}, "who looks at a link sees what is new"},
		{clock{"WatchPause", WatchPause}, clock{"LateLeast", LateLeast / 5}, "a leg is found late soon after it is"},
		{clock{"Soon", Soon}, clock{"LateLeast", LateLeast}, "what is late is worth a second copy"},
		{clock{"LegTime", LegTime}, clock{"LateLeast", LateLeast / 10}, "a leg on its way is not late"},
		{clock{"LateLeast", LateLeast}, clock{"Stall", at.Stall / 5}, "legs are offered before their link stalls"},
		{clock{"Tick", at.Tick}, clock{"Beat", at.Beat / 2}, "heartbeats are not a tick late"},
		{clock{"Stall", at.Stall}, clock{"Dead", at.Dead / 2}, "legs go elsewhere before their link is lost"},
		{clock{"three heartbeats, a tick late each", 3 * (at.Beat + at.Tick)}, clock{"Dead", at.Dead}, "some heartbeats may be lost"},
		{clock{"Dead", at.Dead}, clock{"DeadPeer", at.DeadPeer / 2}, "links are dialled again before their peer is dead"},
		{clock{"BackoffMost, spread", at.BackoffMost + at.Spread(at.BackoffMost)}, clock{"DeadPeer", at.DeadPeer / 4}, "and some times"},
		{clock{"Tell", at.Tell}, clock{"Dead", at.Dead}, "the user hears of it before the next thing happens"},
		{clock{"BackoffMost, spread", at.BackoffMost + at.Spread(at.BackoffMost)}, clock{"Linger", at.Linger / 10}, "a peer that is there finds back"},
		{clock{"Dial", at.Dial}, clock{"Hello", at.Hello}, "a sender gives up before its receiver does"},
		{clock{"BackoffMost", at.BackoffMost}, clock{"Rare", at.Rare}, "the ceilings are in order"},
		{clock{"SealPause", SealPause}, clock{"HaltMost", HaltMost / 10}, "the turn is tried for often enough"},
	} {
		if c.less.d > c.more.d {
			t.Errorf("%s takes %v, %s is %v: %s", c.less.name, c.less.d, c.more.name, c.more.d, c.why)
		}
	}
}
