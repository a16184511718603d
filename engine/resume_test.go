package engine_test

import (
	"bytes"

	"golang.org/x/sys/unix"

	"viamillipede/engine"
)

// left writes what an earlier run may have left to a sink: a beginning of the data, more than all of it, or nothing, with gaps and pieces
// that are wrong. In the end the file is as long as the stream.
func (s *scenario) left(fd int, data []byte) (sink engine.SinkFile) {
	if !s.options.Resume {
		return sink
	}
	r := s.rng
	was := bytes.Clone(data[:r.IntN(len(data)+1)])
	if r.IntN(4) == 0 {
		was = append(bytes.Clone(data), content(9, r.IntN(3<<20))...)
	}
	for range r.IntN(4) {
		if len(was) == 0 {
			break
		}
		from := r.IntN(len(was))
		piece := was[from : from+r.IntN(len(was)-from)]
		if clear(piece); r.IntN(2) == 0 {
			copy(piece, content(7, len(piece)))
		}
	}
	if _, err := unix.Pwrite(fd, was, 0); err != nil && len(was) > 0 {
		panic(err)
	}
	return engine.SinkFile{Own: true, Whole: func(bytes uint64) error { return unix.Ftruncate(fd, int64(bytes)) }}
}
