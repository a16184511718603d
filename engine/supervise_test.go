package engine

import (
	"testing"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/wire"
)

func TestRemoteError(t *testing.T) {
	for from, want := range map[stream.Status]stream.Status{
		stream.StatusIntegrity: stream.StatusIntegrity, stream.StatusLocalPipe: stream.StatusRemotePipe, stream.StatusInterrupt: stream.StatusRemotePipe,
		stream.StatusLost: stream.StatusRemotePipe, 65535: stream.StatusRemotePipe,
	} {
		err := RemoteError("receiver", wire.Fault{Status: uint16(from), Text: "why"})
		if err.Status != want || err.Error() != "the receiver failed: why" {
			t.Errorf("status %d is told as %d: %v", from, err.Status, err)
		}
	}
}
