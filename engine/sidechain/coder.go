package sidechain

import (
	"errors"
	"fmt"
)

// Coder takes pieces through a chain, one at a time: it belongs to one goroutine.
type Coder struct {
	chain Chain
	steps []step
	most  int       // bytes of a piece, before and after
	rooms [2][]byte // where steps write to, by turns; made when first needed
	auto  *Auto     // of a chain that chooses; else nil
	high  zstdStep  // of such a chain: for the levels of zstd that steps has not
}

// step is what a codec does to one piece. Each writes to dst, which holds at least what an incompressible src becomes, and returns how
// many bytes that are.
type step interface {
	encode(dst, src []byte) (int, error)
	decode(dst, src []byte) (int, error)
	close()
}

// spare is how much longer a piece of n bytes may become by a compressor that finds nothing to compress, and more.
func spare(n int) int { return n/32 + 1<<10 }

// NewCoder makes a coder for pieces of at most so many bytes, on the wire too. auto is shared by the coders of a chain that chooses.
func NewCoder(c Chain, most int, auto *Auto) *Coder {
	k := &Coder{chain: c, most: most, auto: auto}
	for _, s := range c.Steps {
		k.steps = append(k.steps, s.step(most))
	}
	return k
}

// step makes what does the work, for pieces of at most so many bytes.
func (s Step) step(most int) step {
	switch s.Codec {
	case Zstd:
		return &zstdStep{level: s.Level, most: most}
	case S2:
		return s2Step{s.Level}
	case Gzip:
		return &gzipStep{level: s.Level}
	case Bzip2:
		return bzip2Step{programStep{s.Program}}
	}
	return programStep{s.Program}
}

// Close gives back what the steps hold.
func (k *Coder) Close() {
	for _, s := range k.steps {
		s.close()
	}
	k.high.close()
}

// room is the scratch memory that a step writes to which reads src.
func (k *Coder) room(src []byte) []byte {
	i := 0
	if k.rooms[0] != nil && len(src) > 0 && &src[0] == &k.rooms[0][0] {
		i = 1
	}
	if k.rooms[i] == nil {
		k.rooms[i] = make([]byte, k.most+spare(k.most))
	}
	return k.rooms[i]
}

// Encode takes a piece through the chain. A built-in step that does not make it shorter is left out; applied has a bit for each of the
// others. coded is raw itself, if none was applied, or belongs to the Coder, until the next call. Errors: ErrRoom, it becomes longer
// than most bytes; or why a step failed, with its name.
func (k *Coder) Encode(raw []byte) (coded []byte, applied uint8, err error) {
	if k.auto != nil {
		return k.encodeBest(raw)
	}
	coded = raw
	for i, s := range k.steps {
		into, must := k.room(coded), k.chain.Steps[i].Codec == Command
		n, err := s.encode(into, coded)
		switch {
		case errors.Is(err, ErrRoom) && !must:
		case errors.Is(err, ErrRoom):
			return nil, 0, ErrRoom
		case err != nil:
			return nil, 0, fmt.Errorf("%v: %w", k.chain.Steps[i].Codec, err)
		case must || n < len(coded):
			coded, applied = into[:n], applied|1<<i
		}
	}
	if len(coded) > k.most {
		return nil, 0, ErrRoom
	}
	return coded, applied, nil
}

// Decode undoes the steps that were applied. raw, which belongs to the Coder until the next call, has length bytes; a piece that becomes
// anything else is an error, and never costs more memory than that. Errors name the step.
func (k *Coder) Decode(coded []byte, applied uint8, length int) (raw []byte, err error) {
	if applied == 0 || int(applied) >= 1<<len(k.steps) {
		return nil, fmt.Errorf("steps %#x were applied, of %d", applied, len(k.steps))
	}
	raw = coded
	for i := len(k.steps) - 1; i >= 0; i-- {
		if applied>>i&1 == 0 {
			continue
		}
		into := k.room(raw)
		if last := applied&(1<<i-1) == 0; last {
			into = into[:length]
		}
		n, err := k.steps[i].decode(into, raw)
		if err == ErrRoom {
			err = fmt.Errorf("%w: %d bytes", ErrRoom, len(into))
		}
		if err != nil {
			return nil, fmt.Errorf("%v: %w", k.chain.Steps[i].Codec, err)
		}
		raw = into[:n]
	}
	if len(raw) != length {
		return nil, fmt.Errorf("it becomes %d bytes, %d were announced", len(raw), length)
	}
	return raw, nil
}
