package send

import (
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
	"viamillipede/netio/host"
)

// hint tells the user, once for each path, which kernel setting holds its links back.
func (k *txlink) hint() {
	q := k.queue
	if q.Busy < schedule.HintAfter || q.MinRTT < schedule.HintTrip || k.path.Hinted.Load() {
		return
	}
	share := func(part time.Duration) float64 { return float64(part) / float64(q.Busy) }
	switch send, receive := share(q.SendLimited), share(q.ReceiveLimited); {
	case send > schedule.HintShare && k.path.Hinted.CompareAndSwap(false, true):
		go func() { // it reads a file
			defer k.s.life.Caught("hint")
			observe.Tell(k.s.observer, observe.BufferLimits{Path: k.path.String(), Share: send, Setting: host.System.Sysctl("net.ipv4.tcp_wmem")})
		}()
	case receive > schedule.HintShare && k.path.Hinted.CompareAndSwap(false, true):
		observe.Tell(k.s.observer, observe.BufferLimits{Path: k.path.String(), Receive: true, Share: receive})
	}
}
