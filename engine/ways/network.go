package ways

import (
	"viamillipede/engine/internal/chore"
	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// watchNetwork signals each change of the network until the dialer ends.
func (d *Dialer) watchNetwork() {
	err := d.cfg.Transport.Watch(d.ctx, func() {
		if d.zones.Load() {
			d.cfg.End.Strand()
		}
		d.networkChanged()
		chore.Sleep(d.ctx, schedule.ChangePause)
	})
	if err != nil && d.ctx.Err() == nil {
		observe.Tell(d.cfg.Observer, observe.NetworkNotWatched{Dials: true, Err: err})
	}
}

// networkChanged is called after devices, addresses or routes of this machine have changed, once for a burst of changes,
// on a goroutine of its own. Keepers that wait to try again do so at once.
func (d *Dialer) networkChanged() {
	d.watched.Lock()
	defer d.watched.Unlock()
	close(d.change)
	d.change = make(chan struct{})
}

// nextChange is closed when the network next changes.
func (d *Dialer) nextChange() <-chan struct{} {
	d.watched.Lock()
	defer d.watched.Unlock()
	return d.change
}
