package main_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// How a rate is measured: over the middle of a stream. What the connections need to find their speed comes before it.
const (
	warmUp = 500 * time.Millisecond
	middle = 10 * time.Second

	mbit = 1_000_000 / 8 // bytes per second in 1 Mbit/s
	mb   = 1e6           // bytes in 1 MB, as the log lines have it
)

// long chooses what a long run (make lab) has, or one beside all other tests.
func long[T any](long, short T) T {
	if os.Getenv("VIAMILLIPEDE_LAB") == "long" && !testing.Short() {
		return long
	}
	return short
}

// pathsOf makes a lab with a path for each rate, in Mbit/s.
func pathsOf(t *testing.T, rates []uint64) *lab.Lab {
	t.Helper()
	l := lab.New(t, lab.Config{Paths: len(rates)})
	for i, mbits := range rates {
		if err := l.Shape(i, mbits*1_000_000); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// rates are what paths carried, in bytes per second, by path.
type rates struct {
	goodput []float64 // at the receiving process
	wire    []float64 // by the sender's device
}

// bareRates measures what one plain TCP connection on each of the given paths carries, all at the same time. A path that
// is not given has 0.
func bareRates(t *testing.T, l *lab.Lab, paths ...int) rates {
	t.Helper()
	b, err := l.StartBare(t.Context(), paths...)
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(warmUp)
	begun, before := time.Now(), make([]int64, l.Paths())
	for _, i := range paths {
		before[i] = b.Received(i)
	}
	stop := l.Sampler(lab.TX, middle, nil)
	<-time.After(middle)
	took := time.Since(begun).Seconds()
	r := rates{goodput: make([]float64, l.Paths())}
	for _, i := range paths {
		r.goodput[i] = float64(b.Received(i)-before[i]) / took
	}
	samples, err := stop()
	if err != nil {
		t.Fatal(err)
	}
	r.wire = wireRates(samples)
	if err := b.Stop(); err != nil {
		t.Fatalf("a bare connection: %v", err)
	}
	return r
}

// wireRates gives what each path sent between the first sample and the last, in bytes per second.
func wireRates(samples []lab.Sample) []float64 {
	first, last := samples[0], samples[len(samples)-1]
	took := last.At.Sub(first.At).Seconds()
	list := make([]float64, len(first.Sent))
	for i := range list {
		list[i] = float64(last.Sent[i]-first.Sent[i]) / took
	}
	return list
}

// measure gives what arrives at the consumer over the middle of a stream, in bytes per second, and what the devices of
// the paths send for it. What had come before the middle, and waited in the ring for a leg before it, would come on top:
// the goodput is never more than the devices send.
func (s *stream) measure() (goodput float64, wire []float64) {
	s.t.Helper()
	s.wait(s.out.At(1), "the first byte")
	s.pass(warmUp)
	stop := s.lab.Sampler(s.setup.senderSide, middle, s.out)
	s.pass(middle)
	samples, err := stop()
	if err != nil {
		s.t.Fatal(err)
	}
	first, last := samples[0], samples[len(samples)-1]
	wire = wireRates(samples)
	return min(sum(wire), float64(last.Moved-first.Moved)/last.At.Sub(first.At).Seconds()), wire
}

// pass lets time pass, while both ends are well.
func (s *stream) pass(d time.Duration) {
	s.t.Helper()
	passed := make(chan struct{})
	defer time.AfterFunc(d, func() { close(passed) }).Stop()
	s.wait(passed, "time to pass")
}

// enough ends the producer, wherever it is. What it wrote until then is the stream that finish expects.
func (s *stream) enough() {
	s.t.Helper()
	s.in.Cut()
	select {
	case err := <-s.fed:
		s.fed <- err
	case <-s.deadline.Done():
		s.hung("the end of the producer")
	}
	s.setup.size = s.in.Moved()
}

func sum(rates []float64) (all float64) {
	for _, r := range rates {
		all += r
	}
	return all
}

// upTo gives 0, 1, ... n-1.
func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

const (
	sumLimit = time.Minute
	endless  = 1 << 50 // bytes: more than any stream that is ended by enough
)

// endlessly is a stream over all paths that ends with enough.
func endlessly(threads int) setup {
	return setup{
		size: endless, limit: sumLimit + middle,
		words: []string{"threads", fmt.Sprint(threads), "verbose", "1"},
	}
}

// nameOf gives "800+400+100".
func nameOf(mix []uint64) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(mix), "[]"), " ", "+")
}
