package stream

import (
	"cmp"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/parties"
	"viamillipede/engine/schedule"
)

// Hooks are what no user sets: tests and measurements do (engine/rig). The zero Hooks are what the program uses.
type Hooks struct {
	Blank bool          // sender only: the stream is made here, from buffers as they are: any bytes, for measuring
	Lasts time.Duration // sender only, for a stream made here: it ends so long after its first leg; 0: no limit
	// LinkSums fills in Summary.Links, which takes some system calls for each link that ends.
	LinkSums bool

	Timing    schedule.Timing // the zero Timing: the default one
	Transport Transport       // nil: TCP
	// Serve says which loop serves what comes in on a CPU, -1 being any; nil: the nearest.
	Serve func(cpu int) int
	// Prove makes the sender's prover. It is called at the first leg; the prover is closed at the end. nil: the kernel's, made
	// once the stream has become long enough to be worth it.
	Prove func() (Prover, error)
	// ForceZeroCopy makes the sender use MSG_ZEROCOPY even where the kernel is known to copy anyway: on loopback.
	ForceZeroCopy bool
	// ForceSendFile makes the sender send a file from the page cache even where that may hand those very pages to the
	// receiver's consumer: on one machine.
	ForceSendFile bool
	// Lapses is called before each call on the source or the sink, which then seems stuck in the kernel until lasts returns;
	// nil lasts: it does not. Any loop calls both.
	Lapses func() (lasts func())
}

// Setup is all that an end is told: what its user sets, and the hooks.
type Setup struct {
	Options
	Hooks
}

// SendSetup is a SendConfig with hooks.
type SendSetup struct {
	Setup
	Paths    []Path
	Port     uint16
	Source   int              // see SendConfig; ignored with Blank, too
	Name     string           // see SendConfig
	Producer parties.Producer // likewise
	Screen   parties.Screen   // likewise
	Observer observe.Observer // nil: nobody
}

// ReceiveSetup is a ReceiveConfig with hooks.
type ReceiveSetup struct {
	Setup
	Paths []Path
	Port  uint16
	Sink  int // see ReceiveConfig
	SinkFile
	Consumer parties.Consumer // likewise
	Observer observe.Observer // nil: nobody
}

// Setup is the configuration without hooks.
func (c SendConfig) Setup() SendSetup {
	return SendSetup{Setup: Setup{Options: c.Options}, Paths: c.Paths, Port: c.Port, Source: c.Source, Name: c.Name,
		Producer: c.Producer, Screen: c.Screen, Observer: c.Observer}
}

// Setup is the configuration without hooks.
func (c ReceiveConfig) Setup() ReceiveSetup {
	return ReceiveSetup{Setup: Setup{Options: c.Options}, Paths: c.Paths, Port: c.Port, Sink: c.Sink, SinkFile: c.SinkFile,
		Consumer: c.Consumer, Observer: c.Observer}
}

// WithDefaults fills in what was left open, for an end that dials by so many paths, or listens.
func (s Setup) WithDefaults(paths int) Setup {
	connect := DefaultConnect
	if paths == 0 {
		connect = -1
	}
	s.Threads = cmp.Or(s.Threads, DefaultThreads)
	s.Giveup = cmp.Or(s.Giveup, DefaultGiveup)
	s.Connect = cmp.Or(s.Connect, connect)
	s.Congestion = cmp.Or(s.Congestion, "auto")
	s.IO = cmp.Or(s.IO, "auto")
	s.Timing = cmp.Or(s.Timing, schedule.Default())
	s.Dead = cmp.Or(s.Dead, s.Timing.DeadPeer)
	if s.Transport == nil {
		s.Transport = tcp{s.Bind, s.Congestion, s.Inherited}
	}
	return s
}

// Afford divides what the machine grants an end that has so many loops, and dials by so many paths, or listens. It cuts what is too much
// for that, and tells the user.
func (s *Setup) Afford(e End, loops, paths int, to observe.Observer) (Thrift, error) {
	if paths > MaxThreads {
		return Thrift{}, Fail(StatusUsage, nil, "%d paths, expected at most %d: each needs a link", paths, MaxThreads)
	}
	want := DefaultThreads
	if paths > 0 {
		if s.Auto {
			s.Threads = AutoThreads
		}
		want = max(s.Threads, paths) // a path without a link could not stand in for another
	}
	t, err := s.Means.Afford(e, loops, want)
	switch {
	case err != nil:
		return t, Fail(StatusLocalPipe, err, "cannot start")
	case paths == 0 && t.Seats < DefaultThreads:
		observe.Tell(to, observe.LinksCut{Links: t.Seats, Err: ErrFewFiles})
	case paths > 0 && t.Links < want:
		observe.Tell(to, observe.LinksCut{Links: t.Links, Wanted: want, Err: ErrFewFiles})
	}
	if s.SockStats = s.SockStats && t.Counts; paths > 0 {
		s.Threads = t.Links
	}
	return t, nil
}

// Check returns an error for what cannot work, before anything is opened.
func (s Setup) Check() error {
	switch {
	case s.Lasts < 0:
		return Fail(StatusUsage, nil, "a stream of %v, expected 0 or more", s.Lasts)
	case s.Lasts > 0 && !s.PRBS && !s.Blank:
		return Fail(StatusUsage, nil, "a stream that ends by time, expected one that is made here")
	}
	return s.Options.check()
}
