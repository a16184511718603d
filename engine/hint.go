package engine

import (
	"time"

	"viamillipede/engine/schedule"
	"viamillipede/netio/host"
)

// hint tells the user, once for each path, which of the kernel's settings holds its links back.
func (k *txlink) hint() {
	q := k.queue
	if q.Busy < schedule.HintAfter || q.MinRTT < schedule.HintTrip || k.path.hinted.Load() {
		return
	}
	share := func(part time.Duration) float64 { return float64(part) / float64(q.Busy) }
	switch send, receive := share(q.SendLimited), share(q.ReceiveLimited); {
	case send > schedule.HintShare && k.path.hinted.CompareAndSwap(false, true):
		go func() { // it reads a file
			k.s.log.Printf(LevelChoices, "path %v: the send buffer holds its links back %.0f %% of the time: "+
				"raise the last number of net.ipv4.tcp_wmem here, now %s", k.path, 100*send, host.System.Sysctl("net.ipv4.tcp_wmem"))
		}()
	case receive > schedule.HintShare && k.path.hinted.CompareAndSwap(false, true):
		k.s.log.Printf(LevelChoices, "path %v: the receive buffer holds its links back %.0f %% of the time: "+
			"raise the last number of net.ipv4.tcp_rmem at the receiver, unless its consumer is slow", k.path, 100*receive)
	}
}
