package engine

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"viamillipede/engine/wire"
)

var (
	errReset = os.NewSyscallError("read", syscall.ECONNRESET)
	errRoute = os.NewSyscallError("connect", syscall.EHOSTUNREACH)
)

// How a link ended, as a sign of what has become of the peer.
func TestEndings(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		told bool
		want Ending
	}{
		{"closed", io.EOF, false, EndClosed},
		{"closed with a word", io.EOF, true, EndNoSign},
		{"reset", errReset, false, EndReset},
		{"silent", errSilent, false, EndNoSign},
		{"cut by us", errChaos, false, EndNoSign},
	} {
		if got := endingOf(c.err, c.told); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestReplies(t *testing.T) {
	reset := os.NewSyscallError("read", syscall.ECONNRESET)
	for _, c := range []struct {
		name    string
		met     bool
		verdict wire.Verdict
		err     error
		want    Reply
	}{
		{"it worked", true, wire.VerdictOK, nil, ReplyNone},
		{"nobody", true, wire.VerdictOK, errNobody, ReplyRefused},
		{"nobody, where the peer never was", false, wire.VerdictOK, errNobody, ReplyUnmet},
		{"no route", true, wire.VerdictOK, errRoute, ReplyNone},
		{"no time", true, wire.VerdictOK, os.ErrDeadlineExceeded, ReplyNone},
		{"taken, then closed", true, wire.VerdictOK, io.EOF, ReplyElse},
		{"taken, then reset", true, wire.VerdictOK, reset, ReplyElse},
		{"taken, and mute", true, wire.VerdictOK, errMute, ReplyElse},
		{"a stranger", true, wire.VerdictMalformed, errors.New("not a viamillipede"), ReplyElse},
		{"another receiver", true, wire.VerdictMalformed, errOther, ReplyRefused},
		{"busy with another stream", true, wire.VerdictBusy, errors.New("busy"), ReplyRefused},
		{"another stream is known", true, wire.VerdictUnknown, errors.New("unknown"), ReplyGone},
		{"where the peer never was", false, wire.VerdictUnknown, errors.New("unknown"), ReplyUnknown},
	} {
		if got := replyOf(c.met, c.verdict, c.err); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
