package engine_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/rig"
	"viamillipede/netio"
)

// bare is a network whose connections can do what every link needs, and no more.
type bare struct{ stream.Transport }

func (b bare) Adopt(c net.Conn, trace netio.Tracer) (stream.Conn, error) {
	conn, err := b.Transport.Adopt(c, trace)
	if err != nil {
		return nil, err
	}
	return struct{ stream.Conn }{conn}, nil
}

// What a connection cannot do is done without: from every source into every sink the bytes are the same, where the stream is meant
// to go by reference, and where MSG_ZEROCOPY is asked for.
func TestBareConnections(t *testing.T) {
	quiet(t)
	for prover, prove := range provers(t) {
		for nth, from := range origins() {
			for _, to := range []enginetest.Kind{enginetest.KindPipe, enginetest.KindFile, enginetest.KindAppend, enginetest.KindSocket, enginetest.KindRelay} {
				if testing.Short() && (nth+int(to))%2 > 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s to %v, %s", from.name, to, prover), func(t *testing.T) {
					t.Parallel()
					network := enginetest.NewNet(1, enginetest.Faults{})
					defer network.Close()
					source, err := from.make(from.data)
					if err != nil {
						t.Skip(err)
					}
					sink, err := enginetest.NewSink(to)
					if err != nil {
						t.Fatal(err)
					}
					var produce func(*os.File) error
					if from.produce != nil {
						produce = func(to *os.File) error { return from.produce(to, from.data) }
					}
					got, _, _ := throughTCP(t, source, sink, produce, rig.Setup{
						Options: engine.Options{Threads: 3, Leg: planeLeg, Window: 4 << 20},
						Hooks: rig.Hooks{
							Prove: prove, Timing: steady, Transport: bare{network}, ForceSendFile: from.card,
							ForceZeroCopy: true,
						},
					})
					if !bytes.Equal(got, from.data) {
						t.Errorf("%d bytes came out, %d went in; they differ from byte %d on", len(got), len(from.data), differ(got, from.data))
					}
				})
			}
		}
	}
}
