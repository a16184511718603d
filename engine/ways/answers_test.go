package ways

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/wire"
)

var errNobody = os.NewSyscallError("connect", syscall.ECONNREFUSED)

func TestFirstContact(t *testing.T) {
	busy := answer{path: "a:1", refused: true, verdict: wire.VerdictBusy, last: errors.New("busy")}
	phrase := answer{path: "b:1", refused: true, verdict: wire.VerdictPhrase, last: errors.New("phrase")}
	stranger := answer{path: "c:1", refused: true, verdict: wire.VerdictMalformed, last: errors.New("not ours")}
	nobody := answer{path: "d:1", refused: true, last: errNobody}
	untried := answer{path: "e:1"}
	full := answer{path: "f:1", refused: true, verdict: wire.VerdictTurn, last: errors.New("full")}
	const connect = 30 * time.Second
	for _, c := range []struct {
		name    string
		answers []answer
		waited  time.Duration
		want    stream.Status // StatusDone: wait
	}{
		{"nothing tried", []answer{untried}, 0, stream.StatusDone},
		{"nobody there yet", []answer{nobody}, connect - 1, stream.StatusDone},
		{"nobody there", []answer{nobody}, connect, stream.StatusConnect},
		{"no answer", []answer{untried, untried}, connect, stream.StatusConnect},
		{"busy", []answer{busy}, 0, stream.StatusRefused},
		{"busy and wrong phrase", []answer{busy, phrase}, 0, stream.StatusRefused},
		{"one busy, one silent", []answer{busy, untried}, 0, stream.StatusDone},
		{"one busy, one silent, late", []answer{busy, untried}, connect, stream.StatusRefused},
		{"not our turn", []answer{full}, connect - 1, stream.StatusDone},
		{"never our turn", []answer{full}, connect, stream.StatusRefused},
		{"not our turn, and busy", []answer{full, busy}, 0, stream.StatusDone},
		{"a stranger", []answer{stranger}, 0, stream.StatusDone},
		{"a stranger, late", []answer{stranger}, connect, stream.StatusConnect},
	} {
		err := Answers(c.answers).FirstContact("receiver", c.waited, connect)
		if got := stream.ExitStatus(errOf(err)); got != c.want {
			t.Errorf("%s: status %d (%v), want %d", c.name, got, err, c.want)
		}
	}
}

// errOf makes no error of a nil *Error.
func errOf(e *stream.Error) error {
	if e == nil {
		return nil
	}
	return e
}
