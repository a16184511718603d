package sidechain

import "github.com/klauspost/compress/s2"

// s2Step codes with s2: levels 1 (fastest, the default) to 3.
type s2Step struct{ level int }

func (s s2Step) encode(dst, src []byte) (int, error) {
	if s2.MaxEncodedLen(len(src)) > len(dst) {
		return 0, ErrRoom // it would get memory of its own
	}
	switch s.level {
	case 2:
		return len(s2.EncodeBetter(dst, src)), nil
	case 3:
		return len(s2.EncodeBest(dst, src)), nil
	}
	return len(s2.Encode(dst, src)), nil
}

func (s2Step) decode(dst, src []byte) (int, error) {
	n, err := s2.DecodedLen(src)
	if err != nil {
		return 0, err
	}
	if n > len(dst) {
		return 0, ErrRoom
	}
	out, err := s2.Decode(dst, src)
	return len(out), err
}

func (s2Step) close() {}
