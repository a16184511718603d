package pipeline

import (
	"context"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"viamillipede/tools/internal/machine"
)

// Plan says what a stream is made of. What is left out is not there: without Producer, tx reads Stdin; without Consumer, rx writes to
// Stdout; without both ends, the producer's pipe is the consumer's.
type Plan struct {
	RX, TX             End
	Producer, Consumer []string // command lines, such as those of package ends
	Bytes              uint64   // of the stream

	Stdin, Stdout *os.File // the caller's to close; nil is the null device, and Child.Out

	Port    uint16        // that rx listens on; 0 is a free one
	Counted bool          // the migrations of both ends are wanted, which costs a little at each switch
	Anyhow  bool          // both ends exit with what they like: what comes out tells
	Abroad  bool          // there is no rx: tx has the consumer run elsewhere, and prints what that says
	Grace   time.Duration // what the processes have to end by themselves when they are told to; 0: they are killed at once
}

// End is one of the two programs that the network is between.
type End struct {
	Command []string                       // in which PORT and BYTES stand for those of the stream; none: there is no such end
	At      func(start func() error) error // starts its process from where it is to live, such as a namespace; nil is here
	Said    io.Writer                      // gets its stderr; nil is Child.Said
	Env     []string                       // beside that of this process
}

// Stream is a stream that runs. It is used by one goroutine at a time.
type Stream struct {
	*crew
	Port               uint16 // that rx listens on, where there is one
	Producer, Consumer *Child // nil where the plan has none
	TX, RX             *Child // likewise

	plan  Plan
	began time.Time     // when tx was started, or else the producer
	used  time.Duration // CPU time of the machine until then
}

// Start starts consumer, rx, tx and producer, in this order, each when the one before is ready for it. The caller ends the stream
// with End; where there is an error, nothing of it is left.
func Start(ctx context.Context, p Plan) (*Stream, error) {
	s := &Stream{crew: newCrew(ctx, p.Grace), plan: p}
	if err := s.start(); err != nil {
		s.End()
		return nil, err
	}
	return s, nil
}

// End ends what still runs of the stream and waits for it.
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

// receivingHalf starts the consumer and rx, waits until rx listens, and gives what is written to the consumer.
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
		if s.Port, err = freePort(); err != nil {
			return nil, err
		}
	}
	if s.RX, err = s.launch(s.plan.RX, nil, out); err != nil {
		return nil, err
	}
	return nil, s.listening(s.RX, s.Port)
}

// sendingHalf starts tx, and gives what the producer writes to: next where there is no tx.
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
	s.TX, err = s.launch(s.plan.TX, in, nil)
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
		return err
	}
	if e.At == nil {
		return child, begin()
	}
	err = e.At(begin)
	return child, err
}

// role starts a producer or a consumer, without the signals by which Go's scheduler interrupts a busy thread.
func (s *Stream) role(argv []string, stdin, stdout *os.File) (*Child, error) {
	return s.crew.start(job{argv: argv, stdin: stdin, stdout: stdout, env: []string{"GODEBUG=asyncpreemptoff=1"}})
}
