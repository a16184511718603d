package sockstats

import (
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// BenchmarkOpen is what the start and the end of a collector take.
func BenchmarkOpen(b *testing.B) {
	open(b, 1)
	for b.Loop() {
		c, err := Open(Config{Local: []uint16{1}})
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}

// BenchmarkAttach is what a link takes, from its beginning to its end.
func BenchmarkAttach(b *testing.B) {
	var here *place
	listener, port := here.listen(b, "127.0.0.1")
	c := open(b, port)
	if err := c.Settle(); err != nil {
		b.Fatal(err)
	}
	from, _ := here.connect(b, listener)
	for b.Loop() {
		l := attach(b, c, from)
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCount is what the filter takes of a connection's time, as the kernel measures it. The kernel's clock is read twice
// for each packet meanwhile, and that is in it.
func BenchmarkCount(b *testing.B) {
	var here *place
	listener, port := here.listen(b, "127.0.0.1")
	c := open(b, port)
	watch, err := ebpf.EnableStats(uint32(unix.BPF_STATS_RUN_TIME))
	if err != nil {
		b.Skip(err)
	}
	defer watch.Close()
	from, to := here.connect(b, listener)
	attach(b, c, from)
	attach(b, c, to)
	const size = 64 << 20
	b.SetBytes(size)
	start := time.Now()
	for b.Loop() {
		from.SetDeadline(time.Now().Add(patience))
		to.SetDeadline(time.Now().Add(patience))
		mustCarry(b, from, to, size)
	}
	elapsed := time.Since(start)
	s, err := c.counter.Count.Stats()
	if err != nil || s.RunCount == 0 {
		b.Fatal(s, err)
	}
	b.ReportMetric(float64(s.Runtime.Nanoseconds())/float64(s.RunCount), "ns/packet")
	b.ReportMetric(100*s.Runtime.Seconds()/elapsed.Seconds(), "%ofCPU")
}
