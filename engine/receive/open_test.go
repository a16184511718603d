package receive_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/receive"
)

// A receiver that cannot listen leaves nothing open: neither its sink, nor the pipes that lead there.
func TestNothingIsLeftOpen(t *testing.T) {
	taken, err := net.Listen("tcp", "[::]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	sink, err := os.Create(filepath.Join(t.TempDir(), "sink"))
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	held := enginetest.Hold()
	c := stream.ReceiveSetup{Port: uint16(taken.Addr().(*net.TCPAddr).Port), Sink: int(sink.Fd())}
	if _, err := receive.New(c, nil); stream.ExitStatus(err) != stream.StatusConnect {
		t.Fatalf("a port that is taken: %v", err)
	}
	if err := held.Check(); err != nil {
		t.Error(err)
	}
}
