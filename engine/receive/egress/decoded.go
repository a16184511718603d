package egress

// Coded legs get their bytes while they are in the ring. The head leg may have to wait for that, and whoever decodes wakes a loop then:
//
//	delivery finds a head leg that is not decoded:   undone = true, then it looks again
//	somebody decodes a leg:                          the leg is ready, then undone is looked at
//
// So one of them sees what the other one did.

// Decoded notes that a coded leg has become ready. Any goroutine may call it.
func (d *Delivery) Decoded() {
	if d.undone.Load() && d.undone.Swap(false) {
		d.cfg.Resume()
	}
}

// ready reports whether the head leg has its bytes; if not, Decoded will tell. The caller has the turn.
func (d *Delivery) ready(l *Leg) bool {
	if l.ready() {
		return true
	}
	d.undone.Store(true)
	if l.ready() {
		d.undone.Store(false)
		return true
	}
	return false
}
