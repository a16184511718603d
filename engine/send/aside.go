package send

import (
	"slices"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// A link that is given up may be in the middle of a leg, and its socket full, so that the reason can follow only after the leg. So
// its legs go to other links and its keeper dials anew at once, but its connection is put aside and goes on by itself:
//
//	given up -> rest of the leg, word -> our side ended -> the peer's side ended -> closed
//
// It is closed earlier when its socket fails, when its successor is up, when the peer has the leg from another link, since the leg's
// memory must become free, and when the loop ends. A reset instead of all this would look like a death to the peer, and would be the
// only thing of ours to reach it if only the way back is silent.

// aside is what a link that was put aside has to know.
type aside struct {
	on   bool
	said time.Time // when all was said, and our side ended; zero: not yet
}

// putAside gives the link up with a last word. If it has to make room for its successor at once, because its source port is fixed,
// or if what comes in on it cannot be trusted, it says so only if that is possible now.
func (k *txlink) putAside(why wire.Reason) {
	k.Retire()
	k.GiveUp(why)
	k.aside.on = true
	k.owner.asides = append(k.owner.asides, k)
	k.Loop.Stir()
	k.goOn(0)
	if k.aside.on && (k.Path.Fixed() || why == wire.ByeBroken) {
		k.endAside(true)
	}
}

// goOn does what the socket's readiness allows for a link that was put aside. What the peer sends is thrown away.
func (k *txlink) goOn(events uint32) {
	if k.Away {
		return // the thread in the middle of it goes on
	}
	if events&netio.Writable != 0 {
		k.Full = false
	}
	if events&netio.Failed != 0 {
		k.reap()
	}
	err := k.hearOut()
	if err == netio.ErrAgain && k.aside.said.IsZero() {
		if sendErr := k.send(); sendErr != nil {
			err = sendErr
		} else if !k.busy() {
			k.aside.said = k.Loop.Now
			k.Conn.Finish()
		}
	}
	if err != netio.ErrAgain {
		k.endAside(k.busy())
	}
}

// hearOut throws away what the peer has sent. ErrAgain means that there is no more now, any other error that the link is over.
func (k *txlink) hearOut() error {
	for range asideReads {
		if _, err := k.Conn.Recv(k.in[:], nil); err != nil {
			return err
		}
	}
	return stream.ErrStuck // a peer that does not stop talking is not waited for
}

// asideReads bounds how much a peer may still say on a link that was given up, in reads of inputSize.
const asideReads = 64

// endAside closes the connection: with a reset if something is left unsaid.
func (k *txlink) endAside(reset bool) {
	k.aside.on = false
	k.owner.asides = slices.DeleteFunc(k.owner.asides, func(o *txlink) bool { return o == k })
	k.Loop.Unwatch(k.Conn.FD(), k.Token)
	k.dropLeg()
	switch k.reap(); {
	case k.zero.Pending():
		k.Conn.Reset()
		k.owner.limbo = append(k.owner.limbo, k)
	case reset:
		k.Conn.Abort()
	default:
		k.Conn.Close()
	}
}

// clearAsides closes the connections that have had their time; see aside.
func (l *txloop) clearAsides() {
	for _, k := range slices.Clone(l.asides) {
		if k.Away {
			continue
		}
		said := !k.aside.said.IsZero()
		switch {
		case said && l.Now.Sub(k.aside.said) >= l.s.time.Dead:
			k.endAside(false)
		case l.succeeded(k), k.Leg != nil && !l.s.fleet.Window.Has(k.Leg.Number):
			k.endAside(!said)
		}
	}
}

// succeeded reports whether the link's successor is up.
func (l *txloop) succeeded(k *txlink) bool {
	return slices.ContainsFunc(l.Links, func(o *txlink) bool { return o.Index == k.Index })
}
