package engine_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// TestSourceFailsInsideALeg: a leg that cannot be finished takes its link along, and the receiver is told on another one.
func TestSourceFailsInsideALeg(t *testing.T) {
	tx := sendFile(t, rig.Setup{Options: engine.Options{Leg: 64 << 10, Threads: 1}}, content(3, 16<<20))
	h := tx.accept(1000)
	if _, _, err := h.frame(); err != nil { // more than the socket holds waits behind it
		t.Fatal(err)
	}
	if err := unix.Ftruncate(tx.stdio.FD, 0); err != nil {
		t.Fatal(err)
	}
	for told := false; !told; {
		f, _, err := h.frame()
		if err != nil {
			h = tx.accept(1000)
		}
		told = err == nil && f.Type == wire.TypeError && engine.Status(f.A) == engine.StatusIntegrity
	}
	tx.wants(engine.StatusIntegrity)
}

// TestOtherVersion: a receiver that speaks another version is no receiver, and that is known at once.
func TestOtherVersion(t *testing.T) {
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1}}, nil, nil)
	h := tx.connection(tx.door)
	h.bytes(wire.HelloLen)
	h.send(wire.Welcome{Version: 3, Verdict: wire.VerdictVersion}.Append(nil))
	if got := tx.wants(engine.StatusRefused).err.Error(); !strings.Contains(got, "speaks wire version 3, this end 2") {
		t.Error(got)
	}
}

// TestStrangersAsReceivers: what answers and is no receiver is named.
func TestStrangersAsReceivers(t *testing.T) {
	for _, c := range []struct{ says, want string }{
		{"SSH-2.0-OpenSSH_9.6\r\n", "not a viamillipede"},
		{"\xf7", "nothing answers"},
		{"", "nothing answers"},
	} {
		t.Run(c.says, func(t *testing.T) {
			t.Parallel()
			timing := steady
			timing.Dial = 100 * time.Millisecond
			tx := send(t, rig.Setup{
				Options: engine.Options{Threads: 1, Connect: 2 * time.Second}, // more than an attempt takes on the busiest machine
				Hooks:   rig.Hooks{Timing: timing},
			}, nil, nil)
			tx.serve(func(conn net.Conn) {
				_, _ = conn.Write([]byte(c.says))
				_, _ = io.Copy(io.Discard, conn) // until it is given up
			})
			got := tx.wants(engine.StatusConnect).err.Error()
			if !strings.Contains(got, c.want) {
				t.Errorf("%q: %s, want %q", c.says, got, c.want)
			}
		})
	}
}

// TestPromisedChecksum: a sender that promised checksums and sends a leg without one loses the link.
func TestPromisedChecksum(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, nil)
	h := rx.link(0, func(h *wire.Hello) { h.Features = wire.FeatureChecksum })
	h.send(newStream(1, 20000).frame(0))
	h.untilClosed()
}

// TestHelloFillsNoDisk: the size that a hello names takes no room; legs that come do, a step at a time.
func TestHelloFillsNoDisk(t *testing.T) {
	const leg, step = 64 << 10, 64 << 20
	dir := t.TempDir()
	sink, err := enginetest.NewDiskSink(dir)
	if err != nil {
		t.Fatal(err)
	}
	rx := receiveInto(t, rig.Setup{}, sink, nil)
	h := rx.link(0, func(h *wire.Hello) { h.Size = 1 << 45 })
	if got := rx.allocated(); got != 0 {
		t.Errorf("a hello takes %d bytes", got)
	}
	h.send(newStream(1, leg).frame(0))
	h.untilReceived(1)
	if got := rx.allocated(); got > step+leg {
		t.Errorf("a leg takes %d bytes", got)
	}
	h.send(wire.Fault{Status: uint16(engine.StatusLocalPipe), Text: "no more"}.Append(nil))
	rx.wants(engine.StatusRemotePipe)
	st, err := os.Stat(filepath.Join(dir, "sink"))
	if err != nil || st.Sys().(*syscall.Stat_t).Blocks*512 > 2*leg {
		t.Errorf("what was set aside is not given back: %+v, %v", st.Sys(), err)
	}
}

// allocated is what the sink, a file, takes of its disk, in bytes.
func (r *running) allocated() int64 {
	r.t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(r.stdio.FD, &st); err != nil {
		r.t.Fatal(err)
	}
	return st.Blocks * 512
}
