package engine

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/receive"
)

// remembered is the network, and the first door there.
type remembered struct {
	stream.Transport
	door stream.Door
}

func (r *remembered) Listen(ctx context.Context, port uint16, listeners int) (stream.Door, error) {
	d, err := r.Transport.Listen(ctx, port, listeners)
	if r.door == nil {
		r.door = d
	}
	return d, err
}

// A listener whose socket leaves the listening state, as an administrator's SOCK_DESTROY or a shutdown(2) has it, is
// replaced: the sender finds the port open again.
func TestListenerEndedFromOutside(t *testing.T) {
	sinkR, sinkW := pipe(t)
	srcR, srcW := pipe(t)
	network := &remembered{Transport: stream.TCP(netip.Addr{}, "")}
	r, err := receive.New(stream.ReceiveSetup{Setup: stream.Setup{Hooks: stream.Hooks{Transport: network}}, Sink: int(sinkW.Fd())}, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := network.door.Listeners()[0]
	received := make(chan error, 1)
	go func() { _, err := r.Run(t.Context()); received <- err }()

	raw, err := first.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = syscall.Shutdown(int(fd), syscall.SHUT_RDWR) }); err != nil {
		t.Fatal(err)
	}

	s, err := NewSender(stream.SendConfig{
		Paths: []stream.Path{{Host: "127.0.0.1", Port: uint16(first.Addr().(*net.TCPAddr).Port)}}, Source: int(srcR.Fd()),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []byte("all the same")
	srcW.Write(want)
	srcW.Close()
	read := make(chan []byte, 1)
	go func() { got, _ := io.ReadAll(sinkR); read <- got }() // the end waits until the consumer has read all
	if _, err := s.Run(t.Context()); err != nil {
		t.Errorf("sender: %v", err)
	}
	if err := <-received; err != nil {
		t.Errorf("receiver: %v", err)
	}
	sinkW.Close()
	if got := <-read; !bytes.Equal(got, want) {
		t.Errorf("received %q", got)
	}
}

// pipe returns both ends of a pipe, closed after the test.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}
