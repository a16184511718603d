package engine

import (
	"context"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
)

// findVoice waits while there is no link on which to tell the sender why the stream failed here. The door is open.
func (r *Receiver) findVoice(ctx context.Context) {
	ticker := time.NewTicker(r.time.Tick * schedule.TicksPerLook)
	defer ticker.Stop()
	for r.speechless(time.Now()) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-r.poke:
		}
	}
}

// speechless reports whether a sender without a link may still come back.
func (r *Receiver) speechless(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outage.Progress(r.ended)
	return r.tenure.met() && r.up == 0 && r.outage.Judge(now, r.cfg.Dead, r.linger()) == schedule.FateWait
}

// lastWords is what the sender is told about the end.
func (r *Receiver) lastWords() []byte {
	if r.err != nil {
		return faultOf(r.err).Append(nil)
	}
	return wire.Bye{Stream: true}.Append(nil)
}

// farewell tells the sender how the stream ended, on every link, and waits until the words have left. After a failure it waits until
// the sender has heard them, which it shows by ending the link.
func (r *Receiver) farewell() {
	words := r.lastWords()
	left := make(chan struct{}, len(r.loops))
	for _, l := range r.loops {
		if !l.Post(func() { l.farewell(words, left) }) {
			left <- struct{}{}
		}
	}
	stream.AwaitAll(left, len(r.loops), r.time.Farewell)
}
