package sidechain

import (
	"math/bits"

	"github.com/klauspost/compress/zstd"
)

// zstdWindow bounds what a frame of a peer may make the decoder remember, in bytes: more than a leg has.
const zstdWindow = 8 << 20

// zstdStep codes with zstd: levels 1 (fastest, the default) to 4.
type zstdStep struct {
	level int
	most  int // bytes of a piece
	in    *zstd.Decoder
	out   *zstd.Encoder
}

// encoder makes the encoder when it is first needed. It has tables of up to 5 MiB, at level 4 of 35, and room for a piece.
func (z *zstdStep) encoder() (*zstd.Encoder, error) {
	if z.out != nil {
		return z.out, nil
	}
	var err error
	z.out, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.EncoderLevel(max(1, z.level))),
		zstd.WithWindowSize(windowOf(z.most)), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true), zstd.WithLowerEncoderMem(true))
	return z.out, err
}

// windowOf is the smallest window, a power of two, that takes a piece of so many bytes.
func windowOf(most int) int {
	return max(zstd.MinWindowSize, min(zstdWindow, 1<<bits.Len(uint(max(1, most)-1))))
}

func (z *zstdStep) encode(dst, src []byte) (int, error) {
	e, err := z.encoder()
	if err != nil {
		return 0, err
	}
	out := e.EncodeAll(src, dst[:0])
	if len(out) > len(dst) {
		return 0, ErrRoom
	}
	return len(out), nil
}

func (z *zstdStep) decode(dst, src []byte) (int, error) {
	if z.in == nil {
		var err error
		if z.in, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxWindow(zstdWindow)); err != nil {
			return 0, err
		}
	}
	out, err := z.in.DecodeAll(src, dst[:0:len(dst)])
	if err == zstd.ErrDecoderSizeExceeded {
		err = ErrRoom
	}
	return len(out), err
}

func (z *zstdStep) close() {
	if z.in != nil {
		z.in.Close()
	}
	if z.out != nil {
		_ = z.out.Close()
	}
}
