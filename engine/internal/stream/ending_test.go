package stream

import (
	"io"
	"os"
	"syscall"
	"testing"

	"viamillipede/engine/schedule"
)

// How a link ended, as a sign of what has become of the peer.
func TestEndings(t *testing.T) {
	reset := os.NewSyscallError("read", syscall.ECONNRESET)
	for _, c := range []struct {
		name string
		err  error
		told bool
		want schedule.Ending
	}{
		{"closed", io.EOF, false, schedule.EndClosed},
		{"closed with a word", io.EOF, true, schedule.EndNoSign},
		{"reset", reset, false, schedule.EndReset},
		{"silent", ErrSilent, false, schedule.EndNoSign},
		{"cut by us", ErrChaos, false, schedule.EndNoSign},
	} {
		if got := EndingOf(c.err, c.told); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
