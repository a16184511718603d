// Package schedule decides: which link takes a leg, how large the leg is, when it is late, when a link is dialled again, and when a
// peer is dead. Its functions and types know what they are told and nothing else: no link, no clock, no descriptor. So each decision
// can be read, tested and simulated on its own.
//
//	params.go     every time and share of the engine's clocks
//	schedule.go   which link takes a leg, how large it is, and when it is late
//	pace.go       when the next leg may come, where the user limits the rate
//	order.go      which paths take new legs, allowance.go how much, carried.go what they carry
//	speed.go      what a link carries
//	doubt.go      what is taken off what a link promises
//	pathflow.go   the queue that all links of a path share
//	pause.go      how long a link waits before it is dialled again
//	tick.go       when clocks tick
//	quiet.go      when a link rests
//	outage.go     whether a peer without a link is dead, or the network is
package schedule

import "time"

// All times and shares of the engine's clocks are here, because they are one system: what one clock calls a sign of trouble must
// take longer than what another one allows. On a path of little delay, if something is missing:
//
//	after    what is missing                  clock                    consequence
//	----------------------------------------------------------------------------------------------------------------
//	1 ms     an ack that is owed              AckWithin                the receiver sends it
//	2 ms     the turn of an early leg         ParkLooks x ParkMost     it goes into a buffer
//	10 ms    (a link carries legs)            WatchPause               the sender looks at it
//	100 ms   a leg                            LateLeast                it is late: another link may bring it too
//	250 ms   (a loop)                         Timing.Tick              every link's clocks are looked at; Timing.Beat while nothing goes on
//	1 s      words to a peer                  Timing.Beat              a heartbeat
//	1 s      bytes that a link has sent       Timing.Stall             its legs go to other links
//	2 s      a link                           Timing.Tell              the user is told
//	4 s      words of a peer                  Timing.Dead              the link is lost, and dialled again; a round trip more
//	5 s      payload, if links may rest       Timing.RestAfter         the link rests: a heartbeat each Timing.RestBeat, 5 s
//	14 s     words of a peer, on such a link  Timing.RestDead          the link is lost, and dialled again
//	15 s     a peer that refuses, or closed   dead, as the user says   it is dead: the stream fails
//	1 h      payload                          giveup, likewise         the stream fails
//
// So acks and parked legs are settled long before a leg is late; a leg is late before its link stalls, and the link stalls before it
// is lost; some heartbeats may be lost before a link is; and a network that comes back is found long before giveup.

// Timing holds the clocks that tests shorten: intervals, all of them 0 or more.
type Timing struct {
	Backoff     time.Duration // before the first redial; doubled each time
	BackoffMost time.Duration // ceiling of the above
	Rare        time.Duration // ceiling for a link that cannot be had, or is of no use, while there are others; 0 is BackoffMost
	Dial        time.Duration // one attempt to connect to one address, and as much for the answer to the hello; see GreetTrips
	Hello       time.Duration // for a connection to say who it is
	Yield       time.Duration // a stream that has brought no leg keeps its place for so long when another sender comes
	Tick        time.Duration // how often each loop looks at its links' clocks
	Beat        time.Duration // a link that sent nothing for this long sends a heartbeat
	Stall       time.Duration // a link on which nothing gets through for this long gives its legs to others
	Move        time.Duration // a link whose packets come in near another loop for this long goes there
	Dead        time.Duration // a link that brought nothing for this long is lost
	RestAfter   time.Duration // a link that may rest, and carried nothing but heartbeats for this long, rests; 0: never
	RestBeat    time.Duration // Beat, for a link that rests
	RestDead    time.Duration // Dead, for a link that rests
	DeadPeer    time.Duration // a peer that was away for this long is dead, if the user does not say how long
	Linger      time.Duration // for a peer without a link to come back and hear how the stream ended
	Farewell    time.Duration // for the last frames to leave
	Tell        time.Duration // the user is told of a stream that has had no link for this long, whatever verbose says; 0: never
	TellAgain   time.Duration // and then as often as this
	Confirm     time.Duration // for a sender whose links are up to confirm the end, whatever it sends meanwhile; 0: for ever
}

// Default is what the program uses.
func Default() Timing {
	return Timing{
		Backoff:     10 * time.Millisecond, // a link that was cut is back while the window lasts
		BackoffMost: 2 * time.Second,       // a router that is back is found before its user asks
		Rare:        5 * time.Minute,       // a firewall that counts links is not asked again and again
		Dial:        5 * time.Second,       // the kernel asks three times in it: at once, after 1 s and after 3 s
		Hello:       10 * time.Second,      // twice what a sender waits for the answer
		Yield:       3 * time.Second,       // a sender that has something to send does so sooner
		Tick:        250 * time.Millisecond,
		Beat:        time.Second,
		Stall:       time.Second,      // more than the kernel's first two retransmissions take: 200 and 400 ms
		Move:        time.Second,      // longer than a burst that came through another queue
		Dead:        4 * time.Second,  // three heartbeats lost, and a fourth late
		RestAfter:   5 * time.Second,  // longer than somebody who types thinks
		RestBeat:    5 * time.Second,  // a third of DeadPeer
		RestDead:    14 * time.Second, // two heartbeats lost, and the third late; it is found at a tick, before DeadPeer
		DeadPeer:    DeadPeer,
		Linger:      time.Minute, // many attempts at BackoffMost
		Farewell:    time.Second, // short enough that nobody wonders why the program does not end
		Tell:        2 * time.Second,
		TellAgain:   time.Minute,
		Confirm:     time.Minute, // as Linger: the same wait, but with links
	}
}

// Defaults, if the user sets none: how long a stream may last whose payload does not reach the peer, and how long first contact may
// take. A router's reboot, or replugging a cable, takes less than the former; starting a program by hand after its peer less than
// the latter.
const (
	Giveup  = time.Hour
	Connect = 30 * time.Second
)

// DeadPeer is how long a peer may be away if refusals, or the way its links ended, show that it is not there.
const DeadPeer = 15 * time.Second

// Acks, at the receiver: each is a packet, and wakes the sender up.
const (
	AckEvery  = 512 << 10        // bytes of legs that may wait for their ack
	AckWithin = time.Millisecond // that one waits at most
)

// An early leg waits in its socket for its turn. It is looked at more than once, because on a busy machine nobody may have had the
// chance to move on. ParkPause bounds the loss where legs are early for long, as on paths of very different delay.
const (
	ParkMost  = time.Millisecond // between two looks
	ParkLooks = 2                // looks without a byte for the sink, after which it waits no longer
	ParkFull  = 50               // likewise, while the sink takes none
	ParkPause = 20 * ParkMost    // a link whose leg waited in vain parks no leg for so long
)

// How often links that carry something are looked at.
const (
	WatchPause   = 10 * time.Millisecond // for legs that are late: a tenth of LateLeast
	MeasurePause = time.Millisecond      // for what is in the network, at least: it takes a system call
)

// When a leg is late, and what is done about it.
const (
	// LateLeast keeps us from being hasty where everything takes next to no time: a program that waits for a CPU is no slow path.
	LateLeast = 100 * time.Millisecond
	// Soon: a leg that arrives within this time is not worth a second copy.
	Soon = 20 * time.Millisecond
	// absorbShare is the share of the window's time that a single leg may be late: what is left is for the error of estimates.
	absorbShare = 0.4
	// nearlyBest is how many times as long a leg may take on a link that is nearly as good as the best.
	nearlyBest = 2
	// probePause is after how long a gated link is tried again with a single leg, because rates change.
	probePause = time.Second
	// firstTrips is how many round trips the first leg takes on a link of unknown rate: TCP begins with little (RFC 6928).
	firstTrips = 3
	// ForEver is how late a leg may be if nobody can be held up.
	ForEver = time.Hour
)

// What rescues may cost: a share of the bytes sent, and a few legs before there are many.
const (
	RescueShare = 50      // one byte of so many
	RescueLeast = 1 << 20 // bytes
)

// A link whose legs had to be rescued is doubted: what it promises, beyond the distance that every packet has to travel, counts
// 1 + doubt times. Doubt more than doubles with each rescue, at most once in doubtPause; it halves with each leg that arrives, and
// is gone after doubtMost.
const (
	doubtLimit = 15
	doubtPause = 100 * time.Millisecond // as LateLeast: one trouble counts once
	doubtMost  = time.Second            // as probePause: then the link is tried anyway
)

// Queues that all links of a path share.
const (
	// queueTimes times the time that a queue needs for what it holds now is how long a packet may be in it: the queue may grow,
	// and a packet that is lost has to pass it again.
	queueTimes = 2
	// DeepShare: if a path's queue holds a packet for Timing.Stall / DeepShare, a second copy behind the first, in the same
	// queue, helps nobody.
	DeepShare = 4
	// PatienceTimes is how many times Timing.Dead a link of a path with a deep queue may show no sign of life while others of the
	// path do.
	PatienceTimes = 30
	TripMost      = 30 * time.Second // the longest round trip that counts for how long a link may be silent; see WithTrip
	// flowSpan is the time over which a path's rate is measured, at least, once it is known; flowFirst is enough to begin with.
	flowSpan  = 2 * time.Second
	flowFirst = 50 * time.Millisecond
)

// Order, see order.go.
//
// DefaultSpill is how long what waits may take the paths before one until it helps. A consumer does not notice half a second, and what
// producers do in bursts, such as a file that is read into memory or a transaction group of ZFS, is tens of megabytes at most: 0.3 s
// on a path of 400 Mbit/s for 16 MB. A stream that needs all of its paths has them well within 2 s.
const (
	DefaultSpill               = 500 * time.Millisecond
	SpillAtOnce                = time.Millisecond // or less: the path helps as soon as those before it are busy
	SpillNever   time.Duration = -1               // or any time below 0: it is used only while those before it are down
	SpillMost                  = time.Hour

	idleWeight = 50                     // idle for less than 1 in so many is full
	startPart  = 4                      // 1 in so many of what the paths before it carry is what it may take at first
	startLeast = 256 << 10              // likewise, in bytes a second
	growTime   = 50 * time.Millisecond  // for the allowance to double, if it is a guess
	calmTimes  = 3                      // times spill without an idle moment make it a guess again
	sinceMost  = 4                      // times spill: the longest that is remembered
	creditTime = 50 * time.Millisecond  // of the allowance may be left over
	lookMost   = 20 * time.Millisecond  // between two looks at what waits: more is a pause
	gapMost    = 50 * time.Millisecond  // likewise: what is beyond that does not count
	workMost   = DefaultSpill / 2       // what a path has taken keeps it busy so long at most: a bound on estimates
	sampleSpan = 50 * time.Millisecond  // of what paths carry, as FlowSample
	sampleLong = 250 * time.Millisecond // likewise, if they took fewer legs than sampleLegs
	sampleLegs = 4
	meanSpan   = 300 * time.Millisecond // over which it is said what a path carried that fails
)

// A leg is what its link sends in LegTime, so that no leg is held for long. The legs of a whole window must last at least
// windowTime with every link busy, and windowTrips round trips of the longest path: a leg that has far to go must not be
// late for the window. So many links in a small window take longer for each leg.
//
// Small legs use the window up before the paths are full. So a leg has smallLeg bytes at least, or as many as its link sends
// in smallTime.
const (
	LegTime     = 5 * time.Millisecond
	windowTime  = 250 * time.Millisecond
	windowTrips = 5
	smallLeg    = 64 << 10
	smallTime   = 50 * time.Millisecond
)

// CodedTime is LegTime for legs that are coded, each by itself: the larger they are, the shorter they become. On a path of 100 Mbit/s with
// 16 links, it is 3 MiB of text, say, which become 800 KiB.
const CodedTime = time.Second

// Bounds on any leg, in bytes: the smallest page of any machine, and what the wire format allows.
const (
	MinLeg = 4 << 10
	MaxLeg = 4 << 20
)

// Sizes of the first legs, before the link has shown what it carries, in bytes: the first path is the one that is meant to
// be fast, the others may be of any kind.
const (
	FirstLeg      = 64 << 10
	FirstLegAfter = 12 << 10 // less than what TCP sends in its first round trip
)

// How even the rate is that the user sets: a leg takes no longer than paceLeg, unless it is the smallest, and a stream that was held
// up for longer than paceCredit does not make up for the rest: on a busy machine, timers are late by tens of milliseconds.
const (
	paceLeg    = 50 * time.Millisecond
	paceCredit = 250 * time.Millisecond
)

// What a link carries, and the stream.
const (
	// speedTime is how long a link has to run at another speed until half of the difference is believed.
	speedTime = 30 * time.Millisecond
	// journeyLeast is what acks and wake-ups add to a journey: AckWithin.
	journeyLeast = AckWithin
	// sampleLeast is how long a sample takes at least: acks come in clusters.
	sampleLeast = 2 * time.Millisecond
	// wideSample is how long a sample takes at least if the link may have lacked work; a round trip with its queues, if longer.
	wideSample = 50 * time.Millisecond
	// FlowSample is how long a sample of the stream takes at least, and FlowKeeps what is left of a faster one after each.
	FlowSample = 50 * time.Millisecond
	FlowKeeps  = 0.97
	// PulseTime is the time over which reports say how fast a link is, and PulseMarks how many ticks are remembered for it:
	// those of a second, and one more.
	PulseTime  = time.Second
	PulseMarks = 6
)

// Dialling again.
const (
	// anchorMost bounds the pause of the first keeper of a path on which nothing gets through: nobody tells when it works again.
	anchorMost = 30 * time.Second
	// IdleLong is how long a link has to be up to count as useful, although there was nothing for it to carry.
	IdleLong = time.Minute
	// ChangePause is the least time between two wake-ups by changes of the network: changes come in bursts, and a storm of them
	// must not start a storm of attempts.
	ChangePause = 100 * time.Millisecond
	// PortPause is how long a port that cannot be used is left alone while there is another.
	PortPause = time.Second
	// Precedence is how long a receiver that answers on a later path waits for one on an earlier path.
	Precedence = 300 * time.Millisecond
)

// A stream of a few bytes is over before more than one link is of use. So the others are dialled a little after the first is up,
// and not much later if none comes up. Statistics are loaded between the two: most links are dialled later than that plus the
// time that loading the programs takes.
const (
	AfterFirst = 10 * time.Millisecond
	Anyhow     = 50 * time.Millisecond
	GaugeAfter = AfterFirst / 2
)

// How long a connection may take before it is given up, when there is hope, for a new one. The first keeper of a path gets hope from
// changes, which come in bursts and perhaps a moment too early. The others get it from the path being up, so theirs is given up
// only after the kernel's first packet has been in vain: it sends the second after a second.
const (
	FirstPatience = 50 * time.Millisecond
	OtherPatience = time.Second
	OvertakenMost = 2 // times in a row: a slow connection must succeed even in a storm of changes
)

// The time between the starts of two attempts (RFC 8305, section 5): twice the path's round trip if that is longer, so that a far
// receiver's answer finds no more of them under way than a near one's.
const (
	AttemptDelay     = 250 * time.Millisecond
	AttemptDelayMost = 2 * time.Second
	// GreetTrips is how many round trips, measured by the time to connect, the receiver has to answer a hello, if that is more
	// than Timing.Dial.
	GreetTrips = 4
)

// How long a lookup may take: in all, and with the dial waiting for it when older addresses are known. A resolver that asks a name
// server which does not answer turns to the next one after 5 seconds (resolv.conf(5)).
const (
	LookupMost     = 15 * time.Second
	LookupPatience = 300 * time.Millisecond
)

// Links by trial.
const (
	AutoGain      = 1.05                   // a link must make the stream this many times as fast
	AutoMeasure   = time.Second            // of a rate
	AutoSettle    = 500 * time.Millisecond // for a new link to get up to speed
	AutoTrips     = 10                     // likewise, in round trips
	AutoPause     = 10 * time.Second       // before a path where a link did not pay is tried again; doubled each time
	AutoPauseMost = 5 * time.Minute        // ceiling of the above
)

// The end of a peer, and what the user is told of an outage.
const (
	// resetTimes is how many times as long a peer that ended its links by resets alone has to stay away.
	resetTimes = 4
	// TicksPerLook is how many ticks of a loop pass between two looks of the supervisor, unless somebody asks it to look. What it
	// waits for takes seconds, and an idle stream should cost nothing.
	TicksPerLook = 4
	// RoundsAtRest is how many rounds a loop may make between two looks while next to nothing is going on: a heartbeat of each of many
	// links.
	RoundsAtRest = 100
	// A loop that is tied to no CPU has a thread of its own if it makes more than RoundsQuiet rounds from one tick to the next, or finds
	// something on its way at a tick, and for QuietTicks more. Somebody who types, or a heartbeat of each link, makes less.
	RoundsQuiet = 20
	QuietTicks  = 2
	// TellSettled is how long a link has to be up before an outage has ended for the user: a link that breaks at once is no news.
	TellSettled = 500 * time.Millisecond
	// TellStuck times Timing.Tell is how long payload may stand still while there are links: meanwhile they may break and be dialled
	// again.
	TellStuck = 5
	// ReportsLeast is how often, at least, strangers are reported that keep coming; otherwise each report comes after twice the time
	// of the one before.
	ReportsLeast = time.Hour
)

// A link is held back by the kernel's limit on a buffer if that takes HintShare of its time and the link has been busy for
// HintAfter; on a path shorter than HintTrip, other things matter more.
const (
	HintShare = 0.05
	HintAfter = 2 * time.Second
	HintTrip  = time.Millisecond
)

// A sender in version 1 of the wire, which hears nothing of its receiver, asks the kernel.
const (
	// DrainSoon is the first pause between two questions whether the peer's kernel has everything; each is twice the one before, up
	// to DrainRare. A short stream should not last longer for that.
	DrainSoon = 100 * time.Microsecond
	DrainRare = 20 * time.Millisecond
	// A link that was idle for AliveIdle is lost when AliveMost probes of TCP's keep-alive, AlivePause apart, have had no answer: about as
	// long as TCP waits while there is something to send. Sooner would cost a stream that only had to wait for a router.
	AliveIdle  = time.Minute
	AlivePause = time.Minute
	AliveMost  = 15
)

// How long somebody waits for others in the same process, who may be busy or in the kernel.
const (
	// StatusPatience is how long a snapshot waits for a loop that is busy.
	StatusPatience = time.Second
	// GaugePatience bounds the wait for a busy loop to name the links that it has already.
	GaugePatience = time.Second
	// VerdictWithin bounds the wait for another leg that may explain a wrong leg of a test stream.
	VerdictWithin = time.Second
	// HaltMost is how long the end of a stream waits for its loops' threads, and for a program that is being loaded into the
	// kernel. A thread stuck in a call that should not have waited must not keep the program from ending.
	HaltMost = 500 * time.Millisecond
	// TidyMost is how long the end waits for what follows, which closes files and cuts them to length.
	TidyMost = 3 * time.Second
	// YieldEvery is how often a busy loop lets Go's scheduler have its thread. After 10 ms without that the scheduler takes the
	// thread's processor away in its next system call, and its monitor then wakes every 20 us for a while: thousands of context
	// switches a second. What the loop gives by itself is not taken.
	YieldEvery = 7 * time.Millisecond
	// RestLeast is a wait after which the loop counts as not busy. To yield after it would wake another thread at each heartbeat of an
	// idle stream.
	RestLeast = time.Millisecond
	// ComparePause is how often progress is told while a file is hashed.
	ComparePause = time.Second
	// SealPause is the pause between two attempts to get the turn, since nobody announces that it is free.
	SealPause = time.Millisecond
)

// How a sidechain that chooses finds the level of its coders (engine/sidechain/auto.go).
const (
	// CoderSpan is how long a level is measured: long enough for some legs on a path of 100 Mbit/s. The first span is short, because
	// nothing is known before its end, and each is twice as long as the one before.
	CoderSpan      = 250 * time.Millisecond
	CoderSpanFirst = 25 * time.Millisecond
	// CoderLag, and two round trips, is how long what is on the way may take the links that wait for coders: the time of a leg or two.
	CoderLag      = 50 * time.Millisecond
	CoderLagLeast = 10 * time.Millisecond // next to nothing
	// CoderMemory is for how long what was measured of a level counts.
	CoderMemory = 10 * time.Second
)
