package engine_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/internal/stream"
	"viamillipede/engine/rig"
)

// TestZeroCopy sends from the arena by MSG_ZEROCOPY, with links that are cut, so little memory that every buffer is used
// many times over, and real completions. On loopback the kernel copies, and says so in each of them.
func TestZeroCopy(t *testing.T) {
	quiet(t)
	data := enginetest.Counter(small(24<<20, 8<<20))
	for _, chaos := range []int{0, 1, 3, 50} {
		for _, checksum := range []bool{false, true} {
			t.Run(fmt.Sprintf("chaos %d, checksum %v", chaos, checksum), func(t *testing.T) {
				t.Parallel()
				source, sink := twoPipes(t)
				got, _, tx := throughTCP(t, source, sink, func(to *os.File) error {
					_, err := to.Write(data)
					to.Close()
					return err
				}, rig.Setup{
					Options: engine.Options{Threads: 4, Leg: planeLeg, Window: 1 << 20, Chaos: chaos, Checksum: checksum},
					Hooks: rig.Hooks{
						Timing: patient(), ForceZeroCopy: true,
						Prove: func() (stream.Prover, error) { return nil, os.ErrPermission },
					},
				})
				if !bytes.Equal(got, data) {
					t.Errorf("%d bytes came out, %d went in; they differ from byte %d on", len(got), len(data), differ(got, data))
				}
				if p := tx.EnginePath; p.ZeroCopy == 0 || p.ZeroCopied == 0 {
					t.Errorf("engine path %+v", p)
				}
			})
		}
	}
}
