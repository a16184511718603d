package engine

import (
	"testing"

	"viamillipede/engine/wire"
)

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
