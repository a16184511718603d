package engine_test

import (
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
)

// Links go to the loop that serves their packets, while legs are on them, as often as the packets come in elsewhere; not a
// byte of the stream is lost or repeated, and no link is. TestSeeds has links that move and die.
func TestLinksFollowTheirPackets(t *testing.T) {
	s := &scenario{
		options: rig.Setup{
			Options: engine.Options{Threads: 4, Leg: 16 << 10, Window: engine.MinWindow, Giveup: -1, Connect: time.Minute},
			Hooks:   rig.Hooks{Timing: quick},
		},
		rxLoops: 3, txLoops: 2, rxLeg: 16 << 10, paths: 1, length: 64 << 20, slow: true, moves: true,
	}
	s.options.Timing.Move = 1 // the very next look
	s.options.Timing.Stall, s.options.Timing.Dead = time.Minute, time.Minute
	network := enginetest.NewNet(1, enginetest.Faults{})
	defer network.Close()
	p := pipe{sc: s, data: content(1, s.length), log: &lines{to: t.Output()}, network: network}
	if err := p.run(); err != nil {
		t.Fatal(err)
	}
	if p.rx.Moved < 5 || p.rx.LinksLost > 0 || p.tx.LinksLost > 0 {
		t.Errorf("%d moves, expected some; %d and %d links lost", p.rx.Moved, p.rx.LinksLost, p.tx.LinksLost)
	}
	t.Logf("%d moves", p.rx.Moved)
}
