package voice

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestFoot: what is said stands where the foot was, and the foot below it; it goes when nothing is to be shown.
func TestFoot(t *testing.T) {
	out := newShut()
	v := New(out, "me: ")
	fmt.Fprint(v, "one\n")
	<-out.waits
	v.Foot("<1>")
	v.Foot("<2>")
	fmt.Fprint(v, "two\n")
	close(out.open)
	v.Flush(patience)
	v.Foot("<3>")
	v.Flush(patience)
	fmt.Fprint(v, "three\n")
	v.Flush(patience)
	v.Foot("")
	v.Flush(patience)
	v.Foot("")
	fmt.Fprint(v, "four\n")
	v.Flush(patience)
	if got, want := out.text(), "one\ntwo\n<2>"+wipe+"<3>"+wipe+"three\n<3>"+wipe+"four\n"; got != want {
		t.Errorf("written was\n%q, want\n%q", got, want)
	}
}

// TestFootIsNotKept: a terminal that takes nothing gets the latest foot and not all of them.
func TestFootIsNotKept(t *testing.T) {
	out := newShut()
	v := New(out, "me: ")
	fmt.Fprint(v, "one\n")
	<-out.waits
	for i := range 100000 {
		v.Foot(fmt.Sprintf("<%d>", i))
	}
	close(out.open)
	v.Flush(patience)
	if got, want := out.text(), "one\n<99999>"; got != want {
		t.Errorf("written was %.100q, want %q", got, want)
	}
}

func TestDraw(t *testing.T) {
	if got := Draw(nil); got != "" {
		t.Errorf("no line is drawn as %q", got)
	}
	got := Draw([]string{"a", "b"})
	if want := "\x1bD\x1bD\x1b[A\x1b[A\x1b7\r\na\r\nb\x1b8"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// broken is a writer that fails.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space") }

// TestFailure: that something cannot be written is told once.
func TestFailure(t *testing.T) {
	told := make(chan error, 10)
	v := NewFor(broken{}, func(int) string { return "" }, func(err error) { told <- err })
	for range 3 {
		fmt.Fprint(v, "line\n")
		v.Flush(patience)
	}
	if len(told) != 1 || !strings.Contains((<-told).Error(), "no space") {
		t.Error("it was not told once")
	}
}
