package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"viamillipede/engine/wire"
	"viamillipede/netio"
)

// ticksPerLook is how many ticks of a loop pass between two looks of the supervisor, when nobody asks it to look: what it
// waits for takes seconds, and an idle stream should not cost anything.
const ticksPerLook = 4

// answer is what a path's last attempt to connect showed.
type answer struct {
	path    string
	refused bool // the peer's host answered: nobody there serves this stream
	verdict wire.Verdict
	last    error // nil: it worked, or was not tried yet
}

// outage is what is known of the time without links. It decides between a dead peer, whose host answers, and a dead
// network, which is waited out.
//
//	                       peer's host closed every link,      silence,
//	no link for            or every path refuses               no route
//	----------------------------------------------------------------------
//	less than DeadPeer     wait                                 wait
//	DeadPeer to giveup     the peer is dead                     wait
//	giveup and more        failed                               failed
type outage struct {
	contact bool               // the peer was met
	since   time.Time          // when the last link that brought a frame was lost; before contact, the start
	byPeer  [MaxThreads]bool   // how each link ended last
	known   [MaxThreads]bool   // links that ended at all since they were last up
	reason  [MaxThreads]string // why
}

func (o *outage) linkUp(index int, now time.Time) {
	o.meet(now)
	o.known[index] = false
}

// meet records that the peer has answered.
func (o *outage) meet(now time.Time) {
	if !o.contact {
		o.contact, o.since = true, now
	}
}

// linkLost records the end of a link. One that never brought a frame was of no use: links that come up and break at once,
// again and again, are an outage.
func (o *outage) linkLost(index int, err error, proved bool, now time.Time) {
	o.known[index], o.byPeer[index], o.reason[index] = true, netio.Refused(err), lossName(err)
	if proved {
		o.since = now
	}
}

// closedByPeer reports whether the peer's host ended every link.
func (o *outage) closedByPeer() bool {
	some := false
	for i := range o.known {
		if o.known[i] && !o.byPeer[i] {
			return false
		}
		some = some || o.known[i]
	}
	return some
}

// judge says whether a stream that has no link is lost. who is the peer, answers are the paths' (none at a receiver).
func (o *outage) judge(who string, answers []answer, now time.Time, deadPeer, giveup time.Duration) *Error {
	without := now.Sub(o.since)
	if without >= deadPeer {
		if len(answers) > 0 && every(answers, func(a answer) bool { return a.refused }) {
			return fail(StatusLost, nil, "the %s is gone: its host refuses every path for %v (%s)",
				who, deadPeer, summarize(answers))
		}
		if o.closedByPeer() {
			return fail(StatusLost, nil, "the %s is gone: its host closed every link and none came back within %v",
				who, deadPeer)
		}
	}
	if giveup >= 0 && without >= giveup {
		return fail(StatusLost, nil, "all paths to the %s are lost for longer than giveup (%v)", who, giveup)
	}
	return nil
}

// firstContact says whether a sender that never met its receiver shall end.
func firstContact(answers []answer, waited, connect time.Duration) *Error {
	denied := func(a answer) bool { return a.last != nil && denies(a.verdict) }
	final := func(a answer) bool { return denied(a) && a.refused } // no address of the path may still let us in
	late := waited >= connect
	if every(answers, final) || late && some(answers, denied) {
		return fail(StatusRefused, nil, "%s", summarize(answers))
	}
	if late {
		return fail(StatusConnect, nil, "no receiver within %v: %s", connect, summarize(answers))
	}
	return nil
}

func every(answers []answer, is func(answer) bool) bool {
	for _, a := range answers {
		if !is(a) {
			return false
		}
	}
	return true
}

func some(answers []answer, is func(answer) bool) bool {
	return !every(answers, func(a answer) bool { return !is(a) })
}

// summarize says for each path how its last attempt went.
func summarize(answers []answer) string {
	var parts []string
	for _, a := range answers {
		why := "no answer"
		if a.last != nil {
			why = a.last.Error()
		}
		parts = append(parts, a.path+": "+why)
	}
	return strings.Join(parts, "; ")
}

// stopped is the error of a stream whose context ended.
func stopped(ctx context.Context) *Error {
	if e, ok := errors.AsType[*Error](context.Cause(ctx)); ok {
		return e
	}
	return fail(StatusInterrupt, context.Cause(ctx), "stopped")
}

// faultOf is what the peer is told of an error.
func faultOf(err error) wire.Fault {
	return wire.Fault{Status: uint16(ExitStatus(err)), Text: err.Error()}
}

// remoteError is the error at this end for what the peer told. An integrity failure is one at both ends; whatever else
// happened there is a failed remote pipe here.
func remoteError(who string, f wire.Fault) *Error {
	status := StatusRemotePipe
	if Status(f.Status) == StatusIntegrity {
		status = StatusIntegrity
	}
	return fail(status, nil, "the %s failed: %s", who, f.Text)
}

// traceTo prints every data system call at the level for it.
func traceTo(log *Log) netio.Tracer {
	return func(call string, fd, n int, err error) {
		if !log.On(LevelCalls) {
			return
		}
		if err != nil {
			log.Printf(LevelCalls, "%s(%d): %v", call, fd, err)
			return
		}
		log.Printf(LevelCalls, "%s(%d) = %d", call, fd, n)
	}
}

// awaitAll receives n times from c, for at most the given time.
func awaitAll(c <-chan struct{}, n int, atMost time.Duration) {
	timeout := time.NewTimer(atMost)
	defer timeout.Stop()
	for range n {
		select {
		case <-c:
		case <-timeout.C:
			return
		}
	}
}
