package engine

import (
	"viamillipede/engine/prbs"
	"viamillipede/netio"
)

// source takes hold of what the stream comes from: standard input, or nothing where the stream is made here.
func (s *Sender) source() (*netio.Source, error) {
	if !s.cfg.PRBS {
		return netio.OpenSource(s.cfg.Source, s.trace())
	}
	made := prbs.New(s.cfg.Seed)
	s.in.made = &made
	return netio.MadeSource("test stream"), nil
}
