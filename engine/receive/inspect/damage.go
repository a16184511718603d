package inspect

import (
	"maps"
	"sync"
)

// damageMost is how many legs that were damaged are remembered before those that have since arrived intact are forgotten.
const damageMost = 1024

// Damage remembers the legs of a stream that came with a wrong checksum. Any goroutine may call its methods.
type Damage struct {
	mu   sync.Mutex
	legs map[uint64]bool // guarded by mu
}

// Again notes that a leg came damaged, and reports whether it had been so before. here says which legs have arrived intact since.
func (d *Damage) Again(number uint64, here func(number uint64) bool) (again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.legs == nil {
		d.legs = make(map[uint64]bool)
	}
	again = d.legs[number]
	if len(d.legs) >= damageMost {
		maps.DeleteFunc(d.legs, func(n uint64, _ bool) bool { return here(n) })
	}
	d.legs[number] = true
	return again
}

// Forget makes it that of another stream.
func (d *Damage) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.legs)
}
