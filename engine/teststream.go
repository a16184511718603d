package engine

import (
	"viamillipede/engine/prbs"
	"viamillipede/netio"
)

// source takes hold of what the stream comes from: standard input, or nothing where the stream is made here.
func (s *Sender) source() (*netio.Source, error) {
	switch {
	case s.cfg.PRBS:
		made := prbs.New(s.cfg.Seed)
		s.in.made = made.Fill
		return netio.MadeSource("test stream"), nil
	case s.cfg.Blank:
		s.in.made = touch
		return netio.MadeSource("stream of blank buffers"), nil
	}
	return netio.OpenSource(s.cfg.Source, s.trace())
}

// pageLeast is the size of the smallest page that there is, in bytes.
const pageLeast = 4 << 10

// touch makes a blank leg: a byte of each page is written, and the rest is left as it is. A page that nobody has ever written
// to is the kernel's one page of zeros, which is always in the cache: to send that would be faster than any real stream.
func touch(p []byte, offset uint64) {
	for i := 0; i < len(p); i += pageLeast {
		p[i] = byte(offset)
	}
}
