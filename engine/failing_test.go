package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/observe"
)

// failure is how a stream is made to fail.
type failure int

const (
	killSender   failure = iota // its links close and nobody dials again
	killConsumer                // the sink breaks
	breakSource                 // the source fails
	stopSender                  // its user ends it
	stopReceiver                // likewise
	loseNetwork                 // for longer than giveup
	failures
)

func (f failure) String() string {
	return [...]string{"kill the sender", "kill the consumer", "break the source", "stop the sender",
		"stop the receiver", "lose the network"}[f]
}

// TestSeedsThatFail has many streams fail on the way. Both ends say so, each with the status that belongs to it, and what
// came out until then is the beginning of what went in.
func TestSeedsThatFail(t *testing.T) {
	forSeeds(t, "TestSeedsThatFail", 8, func(seed uint64, log io.Writer) error {
		return newDoomed(seed).run(log)
	})
}

// doomed is a scenario with a failure in it.
type doomed struct {
	*scenario
	failure failure
	at      int // bytes that come out before
}

func newDoomed(seed uint64) *doomed {
	s := newScenario(seed)
	d := &doomed{scenario: s, failure: failure(s.rng.IntN(int(failures)))}
	s.length = 600<<10 + s.rng.IntN(200<<10) // more than sockets and pipes hold
	s.source = enginetest.KindSocket
	s.sink = []enginetest.Kind{enginetest.KindPipe, enginetest.KindSocket}[s.rng.IntN(2)]
	s.shrink = 4096
	s.chaos, s.options.Charmode, s.options.Resume, s.options.Holes = 0, false, false, false
	s.faults.Bytes = s.length
	s.faults.Most /= 4
	s.options.Timing = quick
	s.options.Timing.DeadPeer = 200 * time.Millisecond
	s.options.Timing.Dead = time.Second // a busy machine is no silence: one that is lost in silence is waited for
	s.options.Giveup = 4 * time.Second
	s.options.Timing.Farewell = 5 * time.Second // the last words may have to wait for a slow consumer
	s.dead, s.faults.Doomed = 0, 0
	d.at = s.rng.IntN(200 << 10)
	if d.failure == loseNetwork {
		s.options.Giveup = 40 * time.Millisecond
	}
	return d
}

func (d *doomed) run(log io.Writer) error {
	if log != io.Discard {
		d.level = 10
	}
	d.level = max(d.level, observe.LevelLinks) // see freed
	network := enginetest.NewNet(d.seed, d.faults)
	network.Reversed = d.reversed
	defer network.Close()
	p := &pipe{sc: d.scenario, data: content(d.seed, d.length), log: &lines{to: log}, network: network}
	if err := d.fail(p); err != nil {
		return fmt.Errorf("seed %d: %v: %w\n%v\n%s", d.seed, d.failure, err, d, p.log)
	}
	return nil
}

// why is what the user's signal is to the engine.
var why = &engine.Error{Status: engine.StatusTerminated, Reason: "terminated"}

func (d *doomed) fail(p *pipe) (err error) {
	if p.source, err = d.newSource(); err != nil {
		return err
	}
	defer p.source.Close()
	if p.sink, err = enginetest.NewSink(d.sink); err != nil {
		return err
	}
	defer p.sink.Close()
	r, s, err := p.ends()
	if err != nil {
		return err
	}
	p.sink.Shrink(d.shrink)
	return d.move(p, r, s)
}

// newSource makes a source that breaks, by a reset, if it has to.
func (d *doomed) newSource() (*enginetest.Stdio, error) {
	if d.failure != breakSource {
		return enginetest.NewSource(d.source, nil)
	}
	return enginetest.NewResetSource()
}

func (d *doomed) move(p *pipe, r *engine.Receiver, s *engine.Sender) error {
	deadline, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	rxCtx, stopRx := context.WithCancelCause(deadline)
	txCtx, stopTx := context.WithCancelCause(deadline)
	defer stopRx(nil)
	defer stopTx(nil)
	var rxErr, txErr error
	var got []byte
	var ends, others sync.WaitGroup
	var sum observe.Summary
	ends.Go(func() {
		sum, rxErr = r.Run(rxCtx)
		if d.reversed {
			d.nobodyElse(stopTx)
		}
	})
	ends.Go(func() {
		_, txErr = s.Run(txCtx)
		d.nobodyElse(stopRx)
	})
	others.Go(func() { d.feed(p) })
	others.Go(func() {
		got = make([]byte, d.at)
		n, _ := io.ReadFull(p.sink.Far, got)
		got = got[:n]
		d.strike(p, stopRx, stopTx)
		rest, _ := io.ReadAll(p.sink.Far)
		got = append(got, rest...)
	})
	ends.Wait()
	p.sink.CloseNear()
	p.source.CloseNear()
	others.Wait()
	if !bytes.Equal(got, p.data[:min(len(got), len(p.data))]) {
		return fmt.Errorf("what came out differs from byte %d on", differ(got, p.data))
	}
	rx := engine.ExitStatus(rxErr)
	free := rx == engine.StatusTerminated && sum.Bytes == 0 // the sender was gone before a leg was in
	switch {
	case free && (d.failure == breakSource || d.failure == stopSender):
		rx = engine.StatusRemotePipe
	case free && (d.failure == killSender || d.failure == loseNetwork):
		rx = engine.StatusLost
	}
	tx := engine.ExitStatus(txErr)
	if tx == engine.StatusTerminated && p.log.freed() { // the receiver was gone before an ack was
		switch d.failure {
		case killConsumer, stopReceiver:
			tx = engine.StatusRemotePipe
		case loseNetwork:
			tx = engine.StatusLost
		}
	}
	return d.judge(rx, tx, rxErr, txErr)
}

// nobodyElse stops an end that may wait for another peer, once a stream of its own would have ended.
func (d *doomed) nobodyElse(stop context.CancelCauseFunc) {
	time.AfterFunc(d.options.Timing.Farewell+d.options.Giveup, func() { stop(why) })
}

// freed reports whether the sender, which listens, was free for another receiver in the end.
func (l *lines) freed() (free bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		switch e.(type) {
		case observe.ReceiverLeft:
			free = true
		case observe.ReceiverMet:
			free = false
		}
	}
	return free
}

// feed writes the stream; a source that breaks does so at the end of it.
func (d *doomed) feed(p *pipe) {
	r := rand.New(rand.NewPCG(d.seed, 2))
	if d.failure == breakSource {
		feed(p.source.Far, p.data[:d.at+len(p.data)/2], d.slow, r)
		return
	}
	feed(held{p.source.Far}, p.data, d.slow, r) // the end does not come before the failure
}

// held is a writer that stays open.
type held struct{ io.Writer }

func (held) Close() error { return nil }

func (d *doomed) strike(p *pipe, stopRx, stopTx context.CancelCauseFunc) {
	switch d.failure {
	case killSender:
		d.down(p, enginetest.PathRefuses)
		stopTx(why)
	case killConsumer:
		p.sink.Far.Close()
	case stopSender:
		stopTx(why)
	case stopReceiver:
		stopRx(why)
	case loseNetwork:
		d.down(p, enginetest.PathSilent)
	}
}

// down ends all paths and then all links.
func (d *doomed) down(p *pipe, state enginetest.Path) {
	for _, path := range d.hosts(p.network) {
		p.network.Set(path.Host, state)
	}
	p.network.Cut()
}

// judge checks the two exit statuses. Where links break by themselves, and there alone, the word of the one end may not reach
// the other, which then finds its peer gone.
func (d *doomed) judge(rx, tx engine.Status, rxErr, txErr error) error {
	type pair struct{ rx, tx engine.Status }
	want := map[failure]pair{
		killSender:   {engine.StatusLost, engine.StatusTerminated},
		killConsumer: {engine.StatusLocalPipe, engine.StatusRemotePipe},
		breakSource:  {engine.StatusRemotePipe, engine.StatusLocalPipe},
		stopSender:   {engine.StatusRemotePipe, engine.StatusTerminated},
		stopReceiver: {engine.StatusTerminated, engine.StatusRemotePipe},
		loseNetwork:  {engine.StatusLost, engine.StatusLost},
	}[d.failure]
	unheard := func(got, want engine.Status) bool {
		return d.faults.Most > 0 && want == engine.StatusRemotePipe && got == engine.StatusLost
	}
	if d.failure == loseNetwork && (rx == engine.StatusRemotePipe || tx == engine.StatusRemotePipe) {
		want = pair{rx, tx} // a link that was being dialled came up after the one end had given up, and told the other
	}
	if rx != want.rx && !unheard(rx, want.rx) || tx != want.tx && !unheard(tx, want.tx) {
		return fmt.Errorf("receiver: status %d (%v), want %d; sender: status %d (%v), want %d", rx, rxErr, want.rx,
			tx, txErr, want.tx)
	}
	return nil
}
