package ingest

import (
	"viamillipede/engine/prbs"
	"viamillipede/netio"
)

// openSource opens what the stream comes from: standard input, or nothing if the stream is made here.
func (in *Intake) openSource(c Config) (*netio.Source, error) {
	switch {
	case c.PRBS:
		in.made = prbs.New(c.Seed).Fill
		return netio.MadeSource("test stream"), nil
	case c.Blank:
		in.made = touch
		return netio.MadeSource("stream of blank buffers"), nil
	}
	return netio.OpenSource(c.Source, c.Trace)
}

// pageLeast is the size of the smallest page of any machine, in bytes.
const pageLeast = 4 << 10

// touch makes a blank leg: it writes one byte of each page, and leaves the rest as it is. A page that nobody has ever written to is
// the kernel's single page of zeros, which is always in the cache: sending that would be faster than any real stream.
func touch(p []byte, offset uint64) {
	for i := 0; i < len(p); i += pageLeast {
		p[i] = byte(offset)
	}
}
