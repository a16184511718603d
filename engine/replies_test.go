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
		want ending
	}{
		{"closed", io.EOF, false, endClosed},
		{"closed with a word", io.EOF, true, endNoSign},
		{"reset", errReset, false, endReset},
		{"silent", errSilent, false, endNoSign},
		{"cut by us", errChaos, false, endNoSign},
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
		want    reply
	}{
		{"it worked", true, wire.VerdictOK, nil, replyNone},
		{"nobody", true, wire.VerdictOK, errNobody, replyRefused},
		{"nobody, where the peer never was", false, wire.VerdictOK, errNobody, replyUnmet},
		{"no route", true, wire.VerdictOK, errRoute, replyNone},
		{"no time", true, wire.VerdictOK, os.ErrDeadlineExceeded, replyNone},
		{"taken, then closed", true, wire.VerdictOK, io.EOF, replyElse},
		{"taken, then reset", true, wire.VerdictOK, reset, replyElse},
		{"taken, and mute", true, wire.VerdictOK, errMute, replyElse},
		{"a stranger", true, wire.VerdictMalformed, errors.New("not a viamillipede"), replyElse},
		{"another receiver", true, wire.VerdictMalformed, errOther, replyRefused},
		{"busy with another stream", true, wire.VerdictBusy, errors.New("busy"), replyRefused},
		{"another stream is known", true, wire.VerdictUnknown, errors.New("unknown"), replyGone},
		{"where the peer never was", false, wire.VerdictUnknown, errors.New("unknown"), replyUnknown},
	} {
		if got := replyOf(c.met, c.verdict, c.err); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
