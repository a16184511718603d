package engine_test

import (
	"testing"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
	"viamillipede/engine/wire"
)

// A peer says why it ends and closes. When the engine meets the closed connection first in a call that sends, it still
// takes the words in that wait to be read.

func TestSenderHearsTheLastWords(t *testing.T) {
	tx := send(t, rig.Setup{Options: engine.Options{Threads: 1, Leg: 64 << 10}}, content(1, 4<<20), deaf)
	h := tx.accept(1000)
	h.send(wire.Fault{Status: uint16(engine.StatusLocalPipe), Text: "consumer gone"}.Append(nil))
	h.c.Close()
	tx.door.Close()
	start := time.Now()
	tx.wants(engine.StatusRemotePipe)
	if took := time.Since(start); took > steady.DeadPeer/2 {
		t.Errorf("it took %v", took)
	}
}

func TestReceiverHearsTheLastWords(t *testing.T) {
	rx := receive(t, rig.Setup{}, enginetest.KindPipe, deaf)
	h := rx.link(0)
	h.send(newStream(1, 1000).frame(0), wire.Fault{Status: uint16(engine.StatusLocalPipe), Text: "producer gone"}.Append(nil))
	h.c.Close() // the next heartbeat finds the link closed
	start := time.Now()
	rx.wants(engine.StatusRemotePipe)
	if took := time.Since(start); took > steady.DeadPeer/2 {
		t.Errorf("it took %v", took)
	}
}
