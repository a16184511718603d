package engine_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
)

// TestNumbersAreLeftAlone runs streams in a process that takes every descriptor number again as soon as it is free. Nothing of a
// stream uses a number after it has closed it: not the status table of one that is ending or has ended, nor a signal to a loop
// that is gone. Each stranger's descriptor is an eventfd, in which every write leaves a trace, and from which every read takes one.
func TestNumbersAreLeftAlone(t *testing.T) {
	_ = newScenario(0).run(io.Discard) // what Go's runtime sets up once
	seeds := uint64(40)
	if testing.Short() {
		seeds = 12
	}
	for seed := range seeds {
		if *seedFlag >= 0 {
			seed = uint64(*seedFlag)
		}
		if err := numbersLeftAlone(seed); err != nil {
			t.Fatalf("%v\nreplay: go test ./engine -run '^%s$' -seed %d", err, t.Name(), seed)
		}
	}
}

func numbersLeftAlone(seed uint64) error {
	sc := newScenario(seed)
	sc.length = min(sc.length, 200<<10)
	sc.source, sc.sink = enginetest.KindFile, enginetest.KindFile
	network := enginetest.NewNet(seed, sc.faults)
	defer network.Close()
	log := &lines{to: io.Discard}
	source, err := enginetest.NewSource(sc.source, content(seed, sc.length))
	if err != nil {
		return err
	}
	defer source.Close()
	sink, err := enginetest.NewSink(sc.sink)
	if err != nil {
		return err
	}
	defer sink.Close()
	r, err := rig.NewReceiver(rig.ReceiveConfig{
		Setup: sc.receiveOptions(network), Port: port, Sink: sink.FD, Observer: hears{log, "rx: ", 0},
	})
	if err != nil {
		return err
	}
	s, err := rig.NewSender(rig.SendConfig{
		Setup: sc.sendOptions(network), Paths: sc.hosts(network), Source: source.FD, Observer: hears{log, "tx: ", 0},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var ends, others sync.WaitGroup
	over := make(chan struct{})
	greedy := &greedy{over: over, rng: rand.New(rand.NewPCG(seed, 4))}
	others.Go(greedy.run)
	others.Go(func() {
		for {
			r.Snapshot()
			s.Snapshot()
			select {
			case <-over:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	var rxErr, txErr error
	ends.Go(func() { _, rxErr = r.Run(ctx) })
	ends.Go(func() { _, txErr = s.Run(ctx) })
	ends.Wait()
	greedy.fill()
	for range 3 { // what is asked of ends that are over
		r.Snapshot()
		s.Snapshot()
		r.Cut(time.Second)
	}
	close(over)
	others.Wait()
	err = greedy.check()
	if err == nil && (rxErr != nil || txErr != nil) {
		err = fmt.Errorf("receiver: %v, sender: %v", rxErr, txErr)
	}
	if err != nil {
		return fmt.Errorf("seed %d: %w\n%v\n%s", seed, err, sc, log)
	}
	return nil
}

// greedy is a neighbour in the process that opens descriptors all the time. Each is an eventfd that counts to three.
type greedy struct {
	over <-chan struct{}
	rng  *rand.Rand

	mu  sync.Mutex
	fds []int // guarded by mu, as is all below
	err error
}

// traces is what each eventfd holds.
const traces = 3

func (g *greedy) run() {
	for {
		select {
		case <-g.over:
			return
		default:
		}
		g.take(8)
		time.Sleep(100 * time.Microsecond)
		g.give(4)
	}
}

// fill takes the numbers that are free now.
func (g *greedy) fill() { g.take(200) }

func (g *greedy) take(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for range n {
		if len(g.fds) > 400 {
			return
		}
		fd, err := unix.Eventfd(traces, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			g.err = err
			return
		}
		g.fds = append(g.fds, fd)
	}
}

// give closes some, and looks at them before.
func (g *greedy) give(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for range min(n, len(g.fds)) {
		i := g.rng.IntN(len(g.fds))
		g.close(g.fds[i])
		g.fds[i] = g.fds[len(g.fds)-1]
		g.fds = g.fds[:len(g.fds)-1]
	}
}

func (g *greedy) close(fd int) {
	var b [8]byte
	n, err := unix.Read(fd, b[:])
	if n != 8 || b != [8]byte{traces} {
		g.err = fmt.Errorf("descriptor %d, which is nothing of the stream's, was used by it: it holds %v (%v)", fd, b, err)
	}
	if err := unix.Close(fd); err != nil {
		g.err = fmt.Errorf("descriptor %d, which is nothing of the stream's, was closed by it: %v", fd, err)
	}
}

func (g *greedy) check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, fd := range g.fds {
		g.close(fd)
	}
	g.fds = nil
	return g.err
}
