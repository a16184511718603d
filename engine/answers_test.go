package engine

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"viamillipede/engine/wire"
)

var errNobody = os.NewSyscallError("connect", syscall.ECONNREFUSED)

func TestFirstContact(t *testing.T) {
	busy := answer{path: "a:1", refused: true, verdict: wire.VerdictBusy, last: errors.New("busy")}
	phrase := answer{path: "b:1", refused: true, verdict: wire.VerdictPhrase, last: errors.New("phrase")}
	stranger := answer{path: "c:1", refused: true, verdict: wire.VerdictMalformed, last: errors.New("not ours")}
	nobody := answer{path: "d:1", refused: true, last: errNobody}
	untried := answer{path: "e:1"}
	const connect = 30 * time.Second
	for _, c := range []struct {
		name    string
		answers []answer
		waited  time.Duration
		want    Status // StatusDone: wait
	}{
		{"nothing tried", []answer{untried}, 0, StatusDone},
		{"nobody there yet", []answer{nobody}, connect - 1, StatusDone},
		{"nobody there", []answer{nobody}, connect, StatusConnect},
		{"no answer", []answer{untried, untried}, connect, StatusConnect},
		{"busy", []answer{busy}, 0, StatusRefused},
		{"busy and wrong phrase", []answer{busy, phrase}, 0, StatusRefused},
		{"one busy, one silent", []answer{busy, untried}, 0, StatusDone},
		{"one busy, one silent, late", []answer{busy, untried}, connect, StatusRefused},
		{"a stranger", []answer{stranger}, 0, StatusDone},
		{"a stranger, late", []answer{stranger}, connect, StatusConnect},
	} {
		err := answers(c.answers).firstContact(c.waited, connect)
		if got := ExitStatus(errOf(err)); got != c.want {
			t.Errorf("%s: status %d (%v), want %d", c.name, got, err, c.want)
		}
	}
}

// errOf makes no error of a nil *Error.
func errOf(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}
