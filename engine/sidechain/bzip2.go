package sidechain

import (
	"bytes"
	"compress/bzip2"
)

// bzip2Step codes with bzip2. The system's program encodes, since Go's library only decodes; each decoder is new memory, because that
// library has no way to use one again.
type bzip2Step struct{ programStep }

func (bzip2Step) decode(dst, src []byte) (int, error) {
	return Fill(dst, bzip2.NewReader(bytes.NewReader(src)))
}
