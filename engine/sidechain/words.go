package sidechain

import (
	"fmt"
	"strconv"
	"strings"
)

// levels are the most that the level of a built-in codec may be.
var levels = [...]int{Zstd: 4, S2: 3, Gzip: 9, Bzip2: 9}

// Named is the step that a user means by NAME or NAME:LEVEL; ok is false if that is no name of a built-in codec, and bad is true if the
// level is none that it has. "max" is the highest.
func Named(word string) (s Step, ok, bad bool) {
	name, level, given := strings.Cut(word, ":")
	for c := Zstd; c <= Bzip2; c++ {
		if c.String() != name {
			continue
		}
		s.Codec = c
		switch n, err := strconv.Atoi(level); {
		case !given:
		case level == "max":
			s.Level = levels[c]
		case err != nil || n < 1 || n > levels[c] || strconv.Itoa(n) != level:
			return s, true, true
		default:
			s.Level = n
		}
		return s, true, false
	}
	return s, false, false
}

// AutoChain is the chain that a user means by "auto". The receiver sees two steps, of which each leg has one at most.
func AutoChain() Chain { return Chain{Steps: []Step{{Codec: S2}, {Codec: Zstd}}, Auto: true} }

// Words are the steps as a user names them.
func (c Chain) Words() []string {
	if c.Auto {
		return []string{"auto"}
	}
	var names []string
	for _, s := range c.Steps {
		switch {
		case s.Codec == Command:
			names = append(names, s.Text)
		case s.Level > 0:
			names = append(names, fmt.Sprintf("%v:%d", s.Codec, s.Level))
		default:
			names = append(names, s.Codec.String())
		}
	}
	return names
}
