package sidechain

import (
	"bytes"

	"github.com/klauspost/compress/gzip"
)

// gzipLevel is the level of gzip that is used where none is given, as the program does.
const gzipLevel = 6

// gzipStep codes with gzip: levels 1 to 9.
type gzipStep struct {
	level int
	room  room
	from  bytes.Reader
	in    *gzip.Reader
	out   *gzip.Writer
}

func (g *gzipStep) encode(dst, src []byte) (int, error) {
	g.room = room{memory: dst}
	if g.out == nil {
		level := g.level
		if level == 0 {
			level = gzipLevel
		}
		var err error
		if g.out, err = gzip.NewWriterLevel(&g.room, level); err != nil {
			return 0, err
		}
	} else {
		g.out.Reset(&g.room)
	}
	if _, err := g.out.Write(src); err != nil {
		return 0, err
	}
	if err := g.out.Close(); err != nil {
		return 0, err
	}
	return g.room.used, nil
}

func (g *gzipStep) decode(dst, src []byte) (int, error) {
	g.from.Reset(src)
	if g.in == nil {
		g.in = new(gzip.Reader)
	}
	if err := g.in.Reset(&g.from); err != nil {
		return 0, err
	}
	return Fill(dst, g.in)
}

func (*gzipStep) close() {}
