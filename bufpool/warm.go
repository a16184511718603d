package bufpool

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Warm puts all arenas into huge pages: reserved ones as far as some are free, else transparent ones; it says what came
// of it. It is not done at once since the first touch of a huge page clears all of it, which is a good part of a short
// stream's life. For the same reason reserved pages are tried only where the pool was in use already; elsewhere it says
// that they were not. Any goroutine may call it, once, before Close.
func (p *Pool) Warm() (got Pages) {
	for i := range p.shards {
		s := &p.shards[i]
		got.All += len(s.arena.bytes)
		if len(s.arena.bytes) < hugePage {
			continue
		}
		n := 0
		if p.size%page == 0 { // else no buffer can move
			probe := !got.Tried && s.used()
			var errs []error
			n, errs = s.moveIn(probe)
			got.Tried = got.Tried || probe && n > 0
			got.Reserved += n
			got.Refused = append(got.Refused, errs...)
		}
		if err := s.arena.huge(); err != nil { // for what stays there
			got.Refused = append(got.Refused, err)
			continue
		}
		got.Advised += len(s.arena.bytes)
		if n == 0 {
			s.arena.collapse()
		}
	}
	return got
}

// moveIn gives the shard a reserve and says how many bytes of its arena have a place there. probe has it look whether a page
// can be touched: that is refused to all of the process or to none as a rule. To have no reserved pages is not worth an error.
func (s *shard) moveIn(probe bool) (bytes int, refused []error) {
	r, err := newReserve(len(s.arena.bytes))
	if errors.Is(err, unix.ENOMEM) || errors.Is(err, unix.EINVAL) { // too few; or a kernel that does not know this size
		return 0, nil
	}
	if err != nil {
		return 0, []error{err}
	}
	if s.node >= 0 {
		if err := prefer(r.bytes, s.node); err != nil {
			refused = append(refused, err)
		}
	}
	if err := r.keepFromChildren(); err != nil {
		refused = append(refused, err)
	}
	if probe {
		if err := populate(r.bytes[:hugePage]); err != nil {
			_ = r.unmap()
			return 0, append(refused, err)
		}
	}
	s.reserve.Store(r)
	return min(len(r.bytes), len(s.arena.bytes)), refused
}

// Advice says what the kernel was asked for the arenas at first, what it refused, and how many buffers could not be moved to reserved
// huge pages since. The slices are the pool's, and do not change.
func (p *Pool) Advice() Advice {
	a := p.advice
	for i := range p.shards {
		a.Missed += p.shards[i].missed.Load()
	}
	return a
}
