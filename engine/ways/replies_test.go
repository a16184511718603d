package ways

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

var errRoute = os.NewSyscallError("connect", syscall.EHOSTUNREACH)

func TestReplies(t *testing.T) {
	reset := os.NewSyscallError("read", syscall.ECONNRESET)
	for _, c := range []struct {
		name    string
		met     bool
		verdict wire.Verdict
		err     error
		want    schedule.Reply
	}{
		{"it worked", true, wire.VerdictOK, nil, schedule.ReplyNone},
		{"nobody", true, wire.VerdictOK, errNobody, schedule.ReplyRefused},
		{"nobody, where the peer never was", false, wire.VerdictOK, errNobody, schedule.ReplyUnmet},
		{"no route", true, wire.VerdictOK, errRoute, schedule.ReplyNone},
		{"no time", true, wire.VerdictOK, os.ErrDeadlineExceeded, schedule.ReplyNone},
		{"taken, then closed", true, wire.VerdictOK, io.EOF, schedule.ReplyElse},
		{"taken, then reset", true, wire.VerdictOK, reset, schedule.ReplyElse},
		{"taken, and mute", true, wire.VerdictOK, errMute, schedule.ReplyElse},
		{"a stranger", true, wire.VerdictMalformed, errors.New("not a viamillipede"), schedule.ReplyElse},
		{"another receiver", true, wire.VerdictMalformed, ErrOther, schedule.ReplyRefused},
		{"busy with another stream", true, wire.VerdictBusy, errors.New("busy"), schedule.ReplyRefused},
		{"another stream is known", true, wire.VerdictUnknown, errors.New("unknown"), schedule.ReplyGone},
		{"where the peer never was", false, wire.VerdictUnknown, errors.New("unknown"), schedule.ReplyUnknown},
	} {
		if got := replyOf(c.met, c.verdict, c.err); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
