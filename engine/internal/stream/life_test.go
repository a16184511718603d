package stream

import (
	"testing"
	"time"
	"viamillipede/engine/wire"
)

// A stream that was over before its peer came has taken no time.
func TestSpan(t *testing.T) {
	at := time.Unix(100, 0)
	for _, c := range []struct {
		first, end time.Time
		want       time.Duration
	}{
		{},
		{first: at, want: 3 * time.Second},
		{first: at, end: at.Add(time.Second), want: time.Second},
		{first: at, end: at.Add(-time.Second)},
	} {
		if got := span(c.first, c.end, at.Add(3*time.Second)); got != c.want {
			t.Errorf("from %v to %v: %v, want %v", c.first, c.end, got, c.want)
		}
	}
}

func TestRemoteError(t *testing.T) {
	for from, want := range map[Status]Status{
		StatusIntegrity: StatusIntegrity, StatusLocalPipe: StatusRemotePipe, StatusInterrupt: StatusRemotePipe,
		StatusLost: StatusRemotePipe, 65535: StatusRemotePipe,
	} {
		err := RemoteError("receiver", wire.Fault{Status: uint16(from), Text: "why"})
		if err.Status != want || err.Error() != "the receiver failed: why" {
			t.Errorf("status %d is told as %d: %v", from, err.Status, err)
		}
	}
}
