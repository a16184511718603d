package ingest

import (
	"os"
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/netio"
)

// answers is a prover that says what it is told to.
type answers struct{ bytes int }

func (a *answers) Written(int) (int, error) { return a.bytes, nil }
func (*answers) Cost() time.Duration        { return 0 }
func (*answers) Close() error               { return nil }

// A producer counts as one that lends its pages when nothing of it was proven for a while, and until something is.
func TestLent(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	in := Intake{}
	if in.Source, err = netio.OpenSource(int(r.Fd()), nil); err != nil {
		t.Fatal(err)
	}
	defer in.Source.Close()
	a := &answers{bytes: -1}
	var p stream.Prover = a
	in.checker.Store(&p)
	for looks := 1; !in.Lent(); looks++ {
		if n, err := in.proven(1); n != 0 || err != errUnproven {
			t.Fatalf("%d bytes are proven, %v", n, err)
		}
		if looks > 10 {
			t.Fatal("it does not count as one")
		}
		if lent := in.Lent(); lent != (looks >= 4) {
			t.Errorf("after %d looks: %v", looks, lent)
		}
	}
	a.bytes = 1
	if n, err := in.proven(1); n != 1 || err != nil {
		t.Fatalf("%d bytes are proven, %v", n, err)
	}
	if in.Lent() {
		t.Error("what is proven is not lent")
	}
}
