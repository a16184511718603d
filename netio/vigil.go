package netio

// Vigil waits until a source has something to read, for a goroutine of its own; loops have a Poller.
type Vigil struct {
	poller *Poller
	wake   *Wake
}

// Vigil makes one for the source; the caller closes it.
func (s *Source) Vigil() (v *Vigil, err error) {
	v = &Vigil{}
	if v.poller, err = NewPoller(); err != nil {
		return nil, err
	}
	if v.wake, err = NewWake(); err != nil {
		v.poller.Close()
		return nil, err
	}
	if err = v.poller.Add(v.wake.FD(), Readable, 0); err == nil && s.Pollable() {
		err = v.poller.Add(s.FD(), Readable, 0)
	}
	if err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// Wait blocks until the source may have something to read, or Stop has been called.
func (v *Vigil) Wait() error {
	_, err := v.poller.Wait(-1)
	return err
}

// Stop makes every Wait return, now and from now on. Any goroutine may call it.
func (v *Vigil) Stop() { v.wake.Signal() }

// Close frees what Vigil acquired. Nobody may be in Wait.
func (v *Vigil) Close() {
	v.wake.Close()
	v.poller.Close()
}
