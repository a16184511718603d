package bufpool

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Warm puts all arenas into huge pages, reserved ones as far as they are free, otherwise transparent ones, and returns
// what came of it. New does not do this, since the first touch of a huge page clears all of it, which takes a good part
// of a short stream's life. For the same reason Warm tries a reserved page only if the pool has already been in use;
// otherwise Tried is false. Any goroutine may call it, once, before Close.
func (p *Pool) Warm() (got Pages) {
	for i := range p.shards {
		s := &p.shards[i]
		got.All += len(s.arena.bytes)
		if len(s.arena.bytes) < hugePage {
			continue
		}
		n := 0
		if p.size%page == 0 { // otherwise no buffer can move
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

// moveIn gives the shard a reserve and returns how many bytes of its arena have a place there. With probe it checks
// whether a page can be touched: as a rule that is refused for the whole process or not at all. Having no reserved pages
// is not an error.
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

// Advice returns what New asked of the kernel for the arenas, what it refused, and how many buffers could not move to
// reserved huge pages since. The slices belong to the pool and do not change.
func (p *Pool) Advice() Advice {
	a := p.advice
	for i := range p.shards {
		a.Missed += p.shards[i].missed.Load()
	}
	return a
}
