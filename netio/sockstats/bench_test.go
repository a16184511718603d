package sockstats

import "testing"

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
