package voice

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds what ought to take no time.
const patience = 20 * time.Second

// shut is a writer that takes nothing until it is opened, and says when somebody waits at it.
type shut struct {
	waits, open chan struct{}

	mu   sync.Mutex
	took bytes.Buffer // guarded by mu
}

func newShut() *shut { return &shut{waits: make(chan struct{}, 1), open: make(chan struct{})} }

func (s *shut) Write(p []byte) (int, error) {
	select {
	case s.waits <- struct{}{}:
	default:
	}
	<-s.open
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.took.Write(p)
}

func (s *shut) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.took.String()
}

// TestNobodyWaits: whatever is said to a descriptor that takes nothing is said at once; the last words are kept, and what is
// missing is counted in its place.
func TestNobodyWaits(t *testing.T) {
	const said = 100000
	out := newShut()
	v := New(out, "me: ")
	fmt.Fprintf(v, "first\n")
	<-out.waits
	for i := range said {
		fmt.Fprintf(v, "line %d\n", i)
	}
	fmt.Fprintf(v, "last\n")
	v.Flush(time.Millisecond) // comes back, though nothing is taken
	if out.text() != "" {
		t.Fatal("a writer that is shut took something")
	}
	close(out.open)
	v.Flush(patience)

	lines := strings.Split(strings.TrimSuffix(out.text(), "\n"), "\n")
	if lines[0] != "first" || lines[len(lines)-1] != "last" {
		t.Errorf("the first line is %q, the last %q", lines[0], lines[len(lines)-1])
	}
	var missing int
	if _, err := fmt.Sscanf(lines[1], "me: %d lines are missing here: standard error took nothing", &missing); err != nil {
		t.Errorf("after what was on its way came %q", lines[1])
	}
	if got := missing + len(lines) - 3; got != said {
		t.Errorf("%d lines are missing and %d came: together %d of %d", missing, len(lines)-3, got, said)
	}
	if n := len(out.text()); n > keptMost+1024 {
		t.Errorf("%d bytes were kept, the bound is %d", n, keptMost)
	}
}

// TestOrder: all comes out, in order, from many at once.
func TestOrder(t *testing.T) {
	const speakers, each = 8, 200
	out := newShut()
	close(out.open)
	v := New(out, "")
	var all sync.WaitGroup
	for s := range speakers {
		all.Go(func() {
			for i := range each {
				fmt.Fprintf(v, "%d %d\n", s, i)
			}
		})
	}
	all.Wait()
	v.Flush(patience)
	var next [speakers]int
	for line := range strings.Lines(out.text()) {
		var s, i int
		if _, err := fmt.Sscanf(line, "%d %d", &s, &i); err != nil || i != next[s] {
			t.Fatalf("%q came, of this speaker %d was next", line, next[s])
		}
		next[s]++
	}
	for s, n := range next {
		if n != each {
			t.Errorf("%d lines of speaker %d came, %d were said", n, s, each)
		}
	}
}

// TestNonBlocking: where another program makes the shared descriptor non-blocking, a full pipe is waited for all the same.
func TestNonBlocking(t *testing.T) {
	r, w := pipe(t)
	v := New(w, "")
	fmt.Fprintf(v, "before\n")
	v.Flush(patience)
	if err := syscall.SetNonblock(int(w.Fd()), true); err != nil {
		t.Fatal(err)
	}
	const line = 1024
	want := "before\n"
	for i := range 100 { // more than the pipe holds
		text := fmt.Sprintf("%0*d\n", line-1, i)
		want += text
		fmt.Fprint(v, text)
	}
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		m, err := r.Read(got[n:])
		if err != nil {
			t.Fatalf("after %d of %d bytes: %v", n, len(got), err)
		}
		n += m
	}
	if string(got) != want {
		t.Error("what came is not what was said")
	}
}

// pipe is one whose write end blocks, as a program's standard error mostly does.
func pipe(t *testing.T) (r, w *os.File) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	r, w = os.NewFile(uintptr(fds[0]), "read end"), os.NewFile(uintptr(fds[1]), "write end")
	t.Cleanup(func() { r.Close() })
	return r, w // w is closed with the test: the voice may have opened it anew
}
