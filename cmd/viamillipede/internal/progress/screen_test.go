package progress

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/cmd/viamillipede/internal/voice"
)

// patience bounds what ought to take no time.
const patience = 20 * time.Second

// terminal is one of so many columns: what is read from far is what a program has written to near.
func terminal(t *testing.T, columns uint16) (far, near *os.File) {
	t.Helper()
	far, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { far.Close() })
	fd := int(far.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	near, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { near.Close() })
	resize(t, far, columns)
	return far, near
}

func resize(t *testing.T, far *os.File, columns uint16) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(far.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
}

// TestScreen: lines are shown as wide as the terminal is now, and taken away; where there is no terminal, nothing is.
func TestScreen(t *testing.T) {
	far, near := terminal(t, 60)
	v := voice.New(near, "me: ")
	s := NewScreen(v, int(near.Fd()), false)
	if s.Seen() {
		t.Error("something was seen before it was shown")
	}
	columns := func(n int) []string { return []string{fmt.Sprintf("<%d>", n)} }
	s.Show(columns)
	v.Flush(patience)
	resize(t, far, 500)
	s.Show(columns)
	v.Flush(patience)
	resize(t, far, 0)
	s.Show(columns)
	fmt.Fprint(v, "end\n")
	v.Flush(patience)
	if !s.Seen() {
		t.Error("nothing was seen")
	}
	var got strings.Builder
	b := make([]byte, 1000)
	for !strings.Contains(got.String(), "end") {
		n, err := far.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		got.Write(b[:n])
	}
	const wipe = "\x1b[J"
	drawn := func(line string) string { return "\x1bD\x1b[A\x1b7\r\r\n" + line + "\x1b8" }
	if want := drawn("<59>") + wipe + drawn("<299>") + wipe + "end\r\n"; got.String() != want {
		t.Errorf("%q, want %q", got.String(), want)
	}
}
