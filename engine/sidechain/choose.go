package sidechain

import "time"

// Of a piece, so much is tried before all of it is coded: some pieces of it, in bytes.
const (
	sampleSize  = 4 << 10
	sampleCount = 4
)

// hopeless reports whether a sample of a piece says that no step makes it shorter.
func (k *Coder) hopeless(raw []byte) bool {
	if len(raw) < 4*sampleSize*sampleCount {
		return false
	}
	s, into, n := s2Step{}, k.room(raw), 0
	for i := range sampleCount {
		at := i * (len(raw) - sampleSize) / (sampleCount - 1)
		m, err := s.encode(into, raw[at:at+sampleSize])
		if err != nil {
			return false
		}
		n += m
	}
	return n > sampleSize*sampleCount*31/32 && !worthEntropy(raw)
}

// worthEntropy reports whether the bytes of a piece are so uneven that coding them one by one helps where nothing repeats.
func worthEntropy(raw []byte) bool {
	var seen [256]int32
	at := len(raw)/2 - sampleSize/2
	for _, b := range raw[at : at+sampleSize] {
		seen[b]++
	}
	most, used := int32(0), 0
	for _, n := range seen {
		most = max(most, n)
		if n > 0 {
			used++
		}
	}
	return used < 200 || most > 8*sampleSize/256
}

// encodeBest is Encode for a chain that chooses.
func (k *Coder) encodeBest(raw []byte) (coded []byte, applied uint8, err error) {
	level := k.auto.Level()
	k.auto.tries.Add(1)
	if k.hopeless(raw) {
		return raw, 0, nil
	}
	if k.auto.hopeful.Add(1); level == autoNone {
		return raw, 0, nil
	}
	s, applied := k.levelStep(level)
	into, begun := k.room(raw), time.Now()
	n, err := s.encode(into, raw)
	if err == ErrRoom || err == nil && n >= len(raw) {
		n, applied, err = len(raw), 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	k.auto.did(level, len(raw), n, time.Since(begun))
	if applied == 0 {
		return raw, 0, nil
	}
	return into[:n], applied, nil
}

// levelStep is the step of a level that codes, and its bit in the header of a leg.
func (k *Coder) levelStep(level int) (s step, applied uint8) {
	switch level {
	case autoS2:
		return k.steps[0], 1
	case autoZstd:
		return k.steps[1], 2
	}
	if want := level - autoZstd + 1; k.high.level != want { // one of them is enough memory
		k.high.close()
		k.high = zstdStep{level: want, most: k.most}
	}
	return &k.high, 2
}
