package engine

import (
	"io"

	"viamillipede/netio"
)

// extent is the part of a file that is the stream: from its offset to its end as they were at the start. A file that grows
// meanwhile is sent as it was announced, so that a log can be copied while it is written to, and ends; one that shrinks is
// an error, since the bytes that were announced are gone.
type extent struct {
	sized  bool
	begin  int64 // offset of its first byte
	length int64
	byRef  bool // legs stay in the file: links send them from the page cache
}

// open finds out whether the source is a file.
func (e *extent) open(src *netio.Source, byRef bool) {
	e.begin, e.length, e.sized = src.Extent()
	e.byRef = byRef
}

// size is how long the stream will be, 0 where that is not known.
func (in *ingest) size() int64 {
	if !in.sized || in.limit > 0 {
		return 0
	}
	return in.length
}

// cutFile makes the next leg of a file.
func (in *ingest) cutFile(shard, most int) (*leg, hunger, error) {
	done := int64(in.offset.Load())
	n := int(min(int64(most), in.length-done))
	if n == 0 {
		return nil, noMore, nil
	}
	if in.byRef {
		in.refLegs.Add(1)
		return &leg{length: n}, fed, nil
	}
	buf := in.pool.Get(shard)
	if buf == nil {
		return nil, noRoom, nil
	}
	if err := in.readAt(buf.Bytes()[:n], done); err != nil {
		buf.Release()
		return nil, sourceGone, err
	}
	return in.copied(buf, n), fed, nil
}

// readAt fills p from the given byte of the stream on.
func (in *ingest) readAt(p []byte, at int64) error {
	for len(p) > 0 {
		n, err := in.src.ReadAt(p, in.begin+at)
		if err == io.EOF {
			return in.shrunk()
		}
		if err != nil {
			return err
		}
		p = p[n:]
		at += int64(n)
	}
	return nil
}

// has reports whether the file still has the stream up to the given byte.
func (in *ingest) has(upTo uint64) bool { return in.src.Size() >= in.begin+int64(upTo) }

// shrunk is the error of a file that has lost bytes which were announced.
func (in *ingest) shrunk() *Error {
	return fail(StatusIntegrity, nil, "standard input shrank while it was sent: it had %d bytes, and has %d",
		in.begin+in.length, in.src.Size())
}
