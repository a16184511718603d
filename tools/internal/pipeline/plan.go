package pipeline

import (
	"cmp"
	"context"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"viamillipede/tools/internal/machine"
)

// Plan says what a stream consists of. Parts may be left out: without Producer, tx reads Stdin; without Consumer, rx
// writes to Stdout; without both ends, the producer's pipe is the consumer's.
type Plan struct {
	RX, TX             End
	Producer, Consumer []string // command lines, such as those of package ends
	Bytes              uint64   // of the stream

	Stdin, Stdout *os.File // closed by the caller; nil means the null device, and Child.Out

	Port    uint16        // that rx listens on; 0 for a free one
	Watched bool          // look for the peak memory of both ends (Cost.Peak)
	Limit   time.Duration // bounds the stream, all its processes together; 0: Limit
	Counted bool          // count the migrations of both ends, which costs a little at each context switch
	Anyhow  bool          // ignore the exit status of both ends: only what comes out counts
	Abroad  bool          // there is no rx: tx makes the consumer run elsewhere and prints its output
	Grace   time.Duration // how long the processes may take to end when told to; 0: they are killed at once
}

// End is one of the two programs that the network is between.
type End struct {
	Command []string                       // PORT and BYTES in it stand for those of the stream; empty: there is no such end
	At      func(start func() error) error // starts its process from where it should live, such as a namespace; nil: here
	Said    io.Writer                      // gets its stderr; nil: Child.Said
	Env     []string                       // in addition to this process's
}

// Stream is a running stream. One goroutine at a time may use it.
type Stream struct {
	*crew
	Port               uint16 // that rx listens on, if there is one
	Producer, Consumer *Child // nil where the plan has none
	TX, RX             *Child // likewise

	plan  Plan
	began time.Time     // when tx was started or, without tx, the producer
	used  time.Duration // CPU time of the machine until then
}

// Start starts consumer, rx, tx and producer, in this order, each once the one before is ready for it. The caller ends
// the stream with End; after an error nothing is left of it.
func Start(ctx context.Context, p Plan) (*Stream, error) {
	s := &Stream{crew: newCrew(ctx, cmp.Or(p.Limit, Limit), p.Grace), plan: p}
	if err := s.start(); err != nil {
		s.End()
		return nil, err
	}
	return s, nil
}

// End ends the processes that still run and waits for them.
func (s *Stream) End() { s.end() }

// Context ends when the stream's time is up (Limit); its cause says so.
func (s *Stream) Context() context.Context { return s.ctx }

func (s *Stream) start() error {
	out, err := s.receivingHalf()
	if err != nil {
		return err
	}
	if s.used, err = machine.Busy(); err != nil {
		return err
	}
	s.began = time.Now()
	if out, err = s.sendingHalf(out); err != nil {
		return err
	}
	if s.plan.Producer != nil {
		s.Producer, err = s.role(s.plan.Producer, nil, out)
	}
	s.letGo()
	return err
}

// receivingHalf starts the consumer and rx, waits until rx listens, and returns the pipe that leads to the consumer.
func (s *Stream) receivingHalf() (out *os.File, err error) {
	out = s.plan.Stdout
	if s.plan.Consumer != nil {
		var in *os.File
		if in, out, err = s.pipe(); err != nil {
			return nil, err
		}
		if s.Consumer, err = s.role(s.plan.Consumer, in, nil); err != nil {
			return nil, err
		}
	}
	if s.plan.RX.Command == nil {
		return out, nil
	}
	if s.Port = s.plan.Port; s.Port == 0 {
		if s.Port, err = FreePort(); err != nil {
			return nil, err
		}
	}
	if s.RX, err = s.launch(s.plan.RX, nil, out); err != nil {
		return nil, err
	}
	return nil, s.listening(s.RX, s.Port)
}

// sendingHalf starts tx and returns what the producer writes to: next if there is no tx. Without an rx tx itself writes to
// next.
func (s *Stream) sendingHalf(next *os.File) (out *os.File, err error) {
	if s.plan.TX.Command == nil {
		return next, nil
	}
	in := s.plan.Stdin
	if s.plan.Producer != nil {
		if in, out, err = s.pipe(); err != nil {
			return nil, err
		}
	}
	to := next
	if s.plan.RX.Command != nil {
		to = nil
	}
	s.TX, err = s.launch(s.plan.TX, in, to)
	return out, err
}

// launch starts an end where it lives.
func (s *Stream) launch(e End, stdin, stdout *os.File) (child *Child, err error) {
	words := strings.NewReplacer("PORT", strconv.Itoa(int(s.Port)), "BYTES", strconv.FormatUint(s.plan.Bytes, 10))
	argv := slices.Clone(e.Command)
	for i := range argv {
		argv[i] = words.Replace(argv[i])
	}
	begin := func() error {
		child, err = s.crew.start(job{argv: argv, stdin: stdin, stdout: stdout, said: e.Said, env: e.Env, counted: s.plan.Counted})
		if err == nil && s.plan.Watched {
			child.watch = watchPeak(child.Process.Pid)
		}
		return err
	}
	if e.At == nil {
		return child, begin()
	}
	err = e.At(begin)
	return child, err
}

// role starts a producer or consumer, without the signals by which Go's scheduler preempts a busy thread.
func (s *Stream) role(argv []string, stdin, stdout *os.File) (*Child, error) {
	return s.crew.start(job{argv: argv, stdin: stdin, stdout: stdout, env: []string{"GODEBUG=asyncpreemptoff=1"}})
}
