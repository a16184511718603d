package receive

import (
	"maps"
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
	"viamillipede/engine/parties"
	"viamillipede/engine/schedule"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// linkUp puts a new link to work; on its loop's thread.
func (r *Receiver) linkUp(l *rxloop, k *rxlink) {
	if err := k.Start(l.Loop, l.Past, netio.Readable, k); err != nil {
		k.Conn.Abort()
		r.neverUp(l)
		k.ended(schedule.UseNone)
		return
	}
	old, out, ok := r.enter(k)
	if !ok {
		r.neverUp(l)
		k.hangUp(stream.ErrReplaced) // a later one has overtaken it
		k.ended(schedule.UseNone)
		return
	}
	k.Quiet.Agreed = r.store.Grants&wire.FeatureRest != 0
	l.Links = append(l.Links, k)
	k.Count(&r.life.Gauge)
	observe.Tell(r.observer, observe.LinkUp{Link: k.Index, Path: k.Name})
	k.begun()
	r.life.Rouse()
	if old != nil {
		r.reach(old, l.Loop, func() { old.lose(stream.ErrReplaced) })
	}
	if d := r.life.Done.Load(); d != nil {
		k.say(d.Append(nil))
	}
	if out != nil {
		k.lose(out)
	}
}

// enter counts a new link. old is the link that it replaces, nil if none; out is why it must go again at once, nil if it may
// stay. ok is false for a link that a later one has overtaken.
func (r *Receiver) enter(k *rxlink) (old *rxlink, out error, ok bool) {
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	old = r.links[uint32(k.Index)]
	if old != nil && int32(old.Generation-k.Generation) > 0 {
		return nil, nil, false
	}
	r.links[uint32(k.Index)] = k
	delete(r.left, k.Index)
	r.life.CameUp(k.Loop.Now)
	return old, r.tenure.OutWhy(), true
}

// neverUp notes that an admitted connection, which was on its way to a loop, did not become a link.
func (r *Receiver) neverUp(l *rxloop) {
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	l.load--
	r.linkGone()
}

// linkLost handles the end of a link; on its loop's thread.
func (r *Receiver) linkLost(k *rxlink, err error) {
	k.owner.Remove(k)
	r.leave(k, err)
	observe.Tell(r.observer, observe.LinkDown{Link: k.Index, Path: k.Name, Err: err, Expected: k.Answered})
	k.over(err)
	r.life.Rouse()
}

// leave is the counterpart of enter.
func (r *Receiver) leave(k *rxlink, err error) {
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	if r.links[uint32(k.Index)] == k {
		delete(r.links, uint32(k.Index))
		r.left[k.Index] = k.lostStatus()
	}
	k.owner.load--
	how := stream.EndingOf(err, k.Told)
	if k.path != nil {
		how = schedule.EndNoSign // the end that dials asks
	}
	needed := r.life.Done.Load() == nil // a sender that has heard of that breaks off what it repeats
	r.life.WentDown(&k.Link, how, needed && !k.Answered && err != stream.ErrLeft)
	if k.useful {
		r.fate.Useful.Add(-1)
		r.life.Outage.Progress(k.Loop.Now)
	}
	r.linkGone()
}

// linkGone notes that an admitted link is gone. The last one of a stream that is not owned leaves the receiver as it was. Under Life.Mu.
func (r *Receiver) linkGone() {
	if last := r.tenure.LinkGone(); !last || r.life.Finished {
		return
	}
	r.tenure.Vacate()
	r.out.End.Store(nil)
	r.fate.Bye.Store(false)
	r.first.Forget()
	r.had.Forget()
	if r.dialer == nil {
		r.life.Forget(time.Now())
	}
	clear(r.hosts)
	clear(r.ways)
	clear(r.left)
	observe.Tell(r.observer, observe.SenderLeft{})
}

// owns is own for a link that brought a leg. The sender hears of it at once: until then, one that listens is free when its links are lost.
func (k *rxlink) owns() {
	if k.r.own() {
		k.owner.owe(k.r.store.AckEvery)
	}
}

// own makes the current stream the receiver's own, if it is not yet, and reports whether it has: some of it is in. It is called before
// the link that brought the leg can have been lost.
func (r *Receiver) own() (now bool) {
	if r.tenure.Owns() {
		return false
	}
	r.life.Mu.Lock()
	defer r.life.Mu.Unlock()
	if r.tenure.Owns() {
		return false // another loop was faster
	}
	r.out.Begin() // first: whoever sees an owned stream may publish and deliver a leg of it
	if f := r.tenure.Own(); f != nil {
		r.life.Told.Store(true)
		r.life.FinishLocked(stream.RemoteError("sender", *f))
	}
	from := parties.Origin{Stream: r.latest.String()}
	if r.dialer == nil {
		from.Peers = slices.Sorted(maps.Keys(r.hosts))
	}
	r.out.Introduce(from)
	return true
}

// quits frees a receiver that listens after its sender has said, on a link from there, that it has failed; false if the stream is
// already the receiver's own.
func (r *Receiver) quits(f wire.Fault, from string) bool {
	r.life.Mu.Lock()
	ours := r.tenure.Owns()
	if r.dialer != nil {
		r.life.Mu.Unlock()
		return false // it is the peer that the user has named
	}
	first := !ours && r.tenure.GiveUp(f)
	r.life.Mu.Unlock()
	if first {
		r.doors.SenderFailed(from, f.Text)
		r.turnAllOut(stream.ErrQuit)
	}
	return !ours
}

// spoils handles what makes an owned stream fail. While the stream is tried, the error only ends its link.
func (r *Receiver) spoils(err *stream.Error) error {
	if !r.tenure.Owns() {
		return err
	}
	r.life.Fail(err)
	return nil // the link has to carry the news
}

// turnAllOut ends all links of the stream being tried.
func (r *Receiver) turnAllOut(why error) {
	r.first.TurnOut()
	for _, l := range r.loops {
		l.Post(func() {
			for _, k := range slices.Clone(l.Links) {
				k.lose(why)
			}
		})
	}
}

// reach has the loop that has the link call f: at once when that is the caller's.
func (r *Receiver) reach(k *rxlink, caller *loop.Loop, f func()) {
	r.life.Mu.Lock()
	at := k.owner
	here := at.Loop == caller && k.Loop == caller // else it is on its way to the caller, whose thread alone changes that
	if !here {
		at.Post(func() { r.reach(k, at.Loop, f) }) // under Life.Mu, and so after the link's arrival
	}
	r.life.Mu.Unlock()
	if here {
		f()
	}
}

// share is how many links one loop may have while another has fewer. Under Life.Mu.
func (r *Receiver) share() int {
	links := int(max(r.tenure.First().Links, 1))
	return (links + len(r.loops) - 1) / len(r.loops)
}
