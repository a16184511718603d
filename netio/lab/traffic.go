package lab

import (
	"errors"
	"time"

	"github.com/vishvananda/netlink"
)

// Sent is how many bytes a side's device of path i has sent since the lab was made, as counted by the device: with the
// headers of Ethernet, IP and TCP, and with what was resent. Packets dropped by shaping do not count.
func (l *Lab) Sent(side Side, i int) (bytes uint64, err error) {
	err = l.onDevice(side, i, func(dev netlink.Link) error {
		counts := dev.Attrs().Statistics
		if counts == nil {
			return errors.New("the kernel tells no counts of the device")
		}
		bytes = counts.TxBytes
		return nil
	})
	return bytes, err
}

// Sample is what every path of a side had sent at a moment, and what had passed a gate.
type Sample struct {
	At    time.Time // monotonic
	Sent  []uint64  // bytes, by path
	Moved int64     // bytes; 0 without a gate
}

// sample reads each count once.
func (l *Lab) sample(side Side, gate *Gate) (Sample, error) {
	s := Sample{Sent: make([]uint64, l.paths)}
	for i := range s.Sent {
		var err error
		if s.Sent[i], err = l.Sent(side, i); err != nil {
			return s, err
		}
	}
	s.At = time.Now()
	if gate != nil {
		s.Moved = gate.Moved()
	}
	return s, nil
}

// Sampler takes a Sample of a side, and of gate unless it is nil, now, then every interval, and once more when the
// function that it returns is called. That returns all of them in order, or the first error, after the sampling goroutine
// has ended. Call it once.
func (l *Lab) Sampler(side Side, interval time.Duration, gate *Gate) (stop func() ([]Sample, error)) {
	var all []Sample
	var failed error // until done is closed, all and failed belong to the sampling goroutine
	end, done := make(chan struct{}), make(chan struct{})
	take := func() {
		s, err := l.sample(side, gate)
		if failed = err; err == nil {
			all = append(all, s)
		}
	}
	take()
	go func() {
		defer close(done)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for failed == nil {
			select {
			case <-ticker.C:
				take()
			case <-end:
				take()
				return
			}
		}
	}()
	return func() ([]Sample, error) {
		close(end)
		<-done
		return all, failed
	}
}
