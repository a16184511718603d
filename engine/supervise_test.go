package engine

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"viamillipede/engine/wire"
)

var (
	errReset  = os.NewSyscallError("read", syscall.ECONNRESET)
	errNobody = os.NewSyscallError("connect", syscall.ECONNREFUSED)
	errRoute  = os.NewSyscallError("connect", syscall.EHOSTUNREACH)
)

// The table in the comment of outage, row by row, and what is between its columns.
func TestOutageJudge(t *testing.T) {
	const deadPeer, giveup = 15 * time.Second, time.Hour
	refused := answer{path: "a:1", refused: true, last: errNobody}
	silent := answer{path: "b:1", last: errRoute}
	untried := answer{path: "c:1"}
	all := func(errs ...error) func(*outage) {
		return func(o *outage) {
			for i, err := range errs {
				o.linkLost(i, err, true, time.Unix(0, 0))
			}
		}
	}
	for _, c := range []struct {
		name    string
		lost    func(*outage)
		answers []answer
		without time.Duration
		giveup  time.Duration
		want    string // in the error; empty: wait
	}{
		{"closed by the peer, at once", all(io.EOF, errReset), nil, 0, giveup, ""},
		{"closed by the peer, almost", all(io.EOF, errReset), nil, deadPeer - 1, giveup, ""},
		{"closed by the peer", all(io.EOF, errReset), nil, deadPeer, giveup, "closed every link"},
		{"closed by the peer, wait for ever", all(io.EOF, errReset), nil, deadPeer, -1, "closed every link"},
		{"one in silence", all(io.EOF, errSilent), nil, deadPeer, giveup, ""},
		{"one in silence, for giveup", all(io.EOF, errSilent), nil, giveup, giveup, "longer than giveup"},
		{"silence", all(errSilent, errSilent), nil, giveup - 1, giveup, ""},
		{"silence for giveup", all(errSilent), nil, giveup, giveup, "longer than giveup"},
		{"silence, wait for ever", all(errSilent), nil, 1000 * time.Hour, -1, ""},
		{"no link ever", func(*outage) {}, nil, deadPeer, giveup, ""},
		{"every path refuses", all(errSilent), []answer{refused, refused}, deadPeer, giveup, "refuses every path"},
		{"every path refuses, almost", all(errSilent), []answer{refused}, deadPeer - 1, giveup, ""},
		{"one path refuses", all(errSilent), []answer{refused, silent}, deadPeer, giveup, ""},
		{"one path is not tried yet", all(errSilent), []answer{refused, untried}, deadPeer, giveup, ""},
		{"no route", all(errSilent), []answer{silent}, giveup, giveup, "longer than giveup"},
		{"cut by us", all(errChaos), nil, deadPeer, giveup, ""},
		{"giveup before a dead peer", all(errSilent), nil, time.Second, time.Second, "longer than giveup"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := outage{contact: true}
			c.lost(&o)
			err := o.judge("peer", c.answers, o.since.Add(c.without), deadPeer, c.giveup)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%v", err)
			case c.want != "" && (err == nil || err.Status != StatusLost || !strings.Contains(err.Reason, c.want)):
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// A link that came back has not ended; the outage is counted from the last link that was of use, and one that came up and
// broke before it brought anything was of none.
func TestOutageForgets(t *testing.T) {
	var o outage
	at := time.Unix(100, 0)
	o.linkUp(0, at)
	if !o.contact || !o.since.Equal(at) {
		t.Errorf("after first contact: %v, since %v", o.contact, o.since)
	}
	o.linkLost(0, errSilent, true, at.Add(time.Second))
	if !o.since.Equal(at.Add(time.Second)) || o.closedByPeer() {
		t.Errorf("since %v, closed by the peer: %v", o.since, o.closedByPeer())
	}
	for n := range 5 {
		o.linkUp(0, at.Add(time.Duration(2+n)*time.Second))
		o.linkLost(0, io.EOF, false, at.Add(time.Duration(3+n)*time.Second))
	}
	if !o.since.Equal(at.Add(time.Second)) || !o.closedByPeer() {
		t.Errorf("after links of no use: since %v, closed by the peer: %v", o.since, o.closedByPeer())
	}
}

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
		err := firstContact(c.answers, c.waited, connect)
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

func TestRemoteError(t *testing.T) {
	for from, want := range map[Status]Status{
		StatusIntegrity: StatusIntegrity, StatusLocalPipe: StatusRemotePipe, StatusInterrupt: StatusRemotePipe,
		StatusLost: StatusRemotePipe, 65535: StatusRemotePipe,
	} {
		err := remoteError("receiver", wire.Fault{Status: uint16(from), Text: "why"})
		if err.Status != want || err.Error() != "the receiver failed: why" {
			t.Errorf("status %d is told as %d: %v", from, err.Status, err)
		}
	}
}
