package engine_test

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/engine"
	"viamillipede/engine/enginetest"
	"viamillipede/engine/rig"
)

// What the consumer has in its pipe is its own, though it comes from a file on the same machine: what is written to the file
// afterwards changes nothing of it.
func TestPagesOfAFileStayItsOwn(t *testing.T) {
	quiet(t)
	data := content(8, 256<<10)
	source, err := enginetest.NewSource(enginetest.KindFile, data)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	sink, err := enginetest.NewSink(enginetest.KindPipe)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	r, s := overLoopback(t, source, sink, rig.Setup{Options: engine.Options{Threads: 2}, Hooks: rig.Hooks{Timing: steady}})
	var ends sync.WaitGroup
	var rxErr, txErr error
	ends.Go(func() { _, rxErr = r.Run(t.Context()) })
	ends.Go(func() { _, txErr = s.Run(t.Context()) })
	for end := time.Now().Add(soon); ; time.Sleep(time.Millisecond) {
		if s := r.Snapshot(); s.Ring != nil && s.Ring.Written {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the stream does not get into the pipe")
		}
	}
	if _, err := unix.Pwrite(source.FD, make([]byte, len(data)), 0); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(sink.Far)
	ends.Wait()
	if err := errors.Join(err, rxErr, txErr); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Errorf("%d bytes came out, which differ from byte %d on", len(got), differ(got, data))
	}
}
