package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// firstSender connects to a receiver on this host as a sender of version 1 does, and brings the first leg.
func firstSender(t *testing.T, port string, leg []byte) *net.TCPConn {
	t.Helper()
	var c net.Conn
	until(t, "the receiver listens", func() (ok bool) {
		var err error
		c, err = net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
		return err == nil
	})
	t.Cleanup(func() { c.Close() })
	b := make([]byte, 2)
	c.Write([]byte("yoes"))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "ok" {
		t.Fatalf("the answer is %q (%v)", b, err)
	}
	c.Write(append(firstPacket(0, len(leg), 0xcafe), leg...))
	return c.(*net.TCPConn)
}

func firstPacket(number, size, opcode int) (b []byte) {
	for _, n := range []uint64{0xa5a5a5a55a5a5a5a, uint64(number), uint64(size), 0, uint64(opcode)} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return b
}

// TestFirstWireEnds: a stream of version 1 that is whole has its file renamed and its consumer's input ended, and one that is reset in
// the middle of a leg, even the last, has neither.
func TestFirstWireEnds(t *testing.T) {
	leg := bytes.Repeat([]byte("leg\n"), 25000)
	for _, c := range []struct {
		name, end string // the end is exec's command, or empty for a file
		reset     bool
		status    int
	}{
		{"file", "", false, 0},
		{"file, reset", "", true, 5},
		{"exec", "cat >got; touch whole", false, 0},
		{"exec, reset", "cat >got; touch whole", true, 5},
		{"exec that fails", "cat >got; touch whole; exit 3", false, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, port := t.TempDir(), freshPort(t)
			got, part, whole := filepath.Join(dir, "got"), filepath.Join(dir, ".got.viamillipede-part"), filepath.Join(dir, "whole")
			end := []string{"file", got, "sync"}
			if c.end != "" {
				end, part = []string{"exec", "cd " + dir + "; " + c.end}, got
			} else {
				whole = got
			}
			rx := background(t, append([]string{"viamillipede", "rx", port}, end...)...)
			s := firstSender(t, port, leg)
			until(t, "the first leg is written", func() bool {
				info, err := os.Stat(part)
				return err == nil && info.Size() >= int64(len(leg))
			})
			if _, err := os.Stat(whole); err == nil {
				t.Error("there is an end before the end")
			}
			if c.reset {
				s.Write(append(firstPacket(1, 100, 0xcafe), "half"...))
				s.SetLinger(0)
				s.Close()
			} else {
				s.Write(firstPacket(1, 0, 0xdead))
			}
			rx.ends(t, c.status, "wire 1")
			if _, err := os.Stat(whole); (err == nil) != !c.reset {
				t.Errorf("whole: %v, reset: %v", err, c.reset)
			}
			if b, err := os.ReadFile(got); !c.reset && !bytes.Equal(b, leg) {
				t.Errorf("%d bytes came out (%v)", len(b), err)
			}
		})
	}
}
