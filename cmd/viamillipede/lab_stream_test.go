package main_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

const (
	labPort = 4545
	mib     = 1 << 20

	// settleTime is how long something that should take a moment may take on a machine that is busy.
	settleTime = time.Minute
	// dumpTime is how long a program that hangs has to print its status and its goroutines.
	dumpTime = 2 * time.Second
)

// small chooses the size for a short run, or one under the race detector.
func small[T any](full, short T) T {
	if testing.Short() || labRace {
		return short
	}
	return full
}

// setup says what a stream is made of. A test gives size and limit at least.
type setup struct {
	size  int64         // bytes of the counter stream
	limit time.Duration // for all of it: what is not finished then has failed
	words []string      // options of both command lines
	rx    []string      // more options of the receiver
	tx    []string      // more options of the sender
	to    []string      // the sender's "tx <host> <port>"; nil is every path of the lab in its order

	reversed bool      // the receiver dials: to is its "rx <host> <port>"
	in       *lab.Gate // of the producer; nil is an open one
	out      *lab.Gate // of the consumer; nil is an open one

	ready      string   // what the receiver says before the sender starts; "" is not waited for
	producer   []string // program at the sender's standard input, and words after the size; nil is the test itself
	consumer   string   // program at the receiver's standard output; "" is the test itself
	before     []string // words before both command lines: a program that runs another one
	senderSide lab.Side
	credential *syscall.Credential // both programs' user; nil is ours
}

// stream is a sender and a receiver that run in a lab, with the test as the producer.
type stream struct {
	t        *testing.T
	setup    setup
	lab      *lab.Lab
	dir      string // of both summaries
	tx, rx   *lab.Cmd
	txSaid   *lab.Text // standard error
	rxSaid   *lab.Text
	in, out  *lab.Gate
	started  time.Time
	deadline context.Context // of the test's own waiting
	failed   chan error      // one of the programs ended, and not with 0

	producer *lab.Cmd  // nil without setup.producer
	stdin    *os.File  // the end of the sender's pipe that is written to, with setup.producer
	consumer *lab.Cmd  // nil without setup.consumer
	consumed *lab.Text // what it printed
	fed      chan error
	drained  chan drained // nil with setup.consumer
}

// drained is how the consumer's part ended.
type drained struct {
	bytes int64
	err   error
}

// start runs a stream in l. When the test fails, both programs' words are in its log.
func (p programs) start(t *testing.T, l *lab.Lab, with setup) *stream {
	t.Helper()
	s := &stream{t: t, setup: with, lab: l, dir: t.TempDir(), in: with.in, out: with.out,
		fed: make(chan error, 1), failed: make(chan error, 2)}
	if s.in == nil {
		s.in = lab.NewGate()
	}
	if s.out == nil {
		s.out = lab.NewGate()
	}
	deadline, giveUp := context.WithTimeout(context.Background(), with.limit)
	t.Cleanup(giveUp)
	s.deadline = deadline
	life, kill := context.WithTimeout(context.Background(), with.limit+2*dumpTime)
	s.receive(life, p)
	s.until("the receiver is ready", func() bool { return strings.Contains(s.rxSaid.String(), with.ready) })
	s.send(life, p)
	t.Cleanup(func() { kill(); s.tell() })
	go s.watch(s.tx)
	go s.watch(s.rx)
	return s
}

// receive starts the receiver, and its consumer.
func (s *stream) receive(life context.Context, p programs) {
	r, w := s.pipe()
	s.rx, s.rxSaid = s.program(life, p, lab.RX, s.receives(), s.setup.rx)
	s.rx.Stdout = w
	s.run(s.rx, w)
	if s.setup.consumer != "" {
		s.consumed = new(lab.Text)
		s.consumer = s.lab.Command(life, lab.RX, s.setup.consumer)
		s.consumer.Stdin, s.consumer.Stdout, s.consumer.Stderr = r, s.consumed, s.consumed
		s.run(s.consumer, r)
		return
	}
	s.drained = make(chan drained, 1)
	go func() {
		n, err := lab.Drain(life, r, s.out)
		s.drained <- drained{n, err}
	}()
}

// send starts the sender, and feeds it.
func (s *stream) send(life context.Context, p programs) {
	to := s.setup.to
	if to == nil {
		to = toPaths(s.lab, upTo(s.lab.Paths())...)
	}
	if s.setup.reversed {
		to = []string{"tx", fmt.Sprint(labPort)}
	}
	r, w := s.pipe()
	s.tx, s.txSaid = s.program(life, p, s.setup.senderSide, to, s.setup.tx)
	s.tx.Stdin = r
	s.started = time.Now()
	s.run(s.tx, r)
	if s.setup.producer != nil {
		s.stdin = w
		s.t.Cleanup(func() { w.Close() })
		argv := slices.Insert(slices.Clone(s.setup.producer), 1, fmt.Sprint(s.setup.size))
		s.producer = s.lab.Command(life, s.setup.senderSide, argv[0], argv[1:]...)
		s.producer.Stdout = w
		if err := s.producer.Start(); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	go func() { s.fed <- lab.Feed(life, w, s.setup.size, s.in) }()
}

// receives is what the receiver is told.
func (s *stream) receives() []string {
	switch {
	case !s.setup.reversed:
		return []string{"rx", fmt.Sprint(labPort)}
	case s.setup.to != nil:
		return s.setup.to
	}
	var words []string
	for i := range s.lab.Paths() {
		words = append(words, fromWords(s.lab, i)...)
	}
	return words
}

// fromWords gives the words of path i at a receiver that dials, with what belongs to it.
func fromWords(l *lab.Lab, i int, more ...string) []string {
	return append([]string{"rx", l.Address(lab.TX, i), fmt.Sprint(labPort)}, more...)
}

// toPaths gives "tx <host> <port>" for the given paths of a lab, in that order.
func toPaths(l *lab.Lab, paths ...int) []string {
	var words []string
	for _, i := range paths {
		words = append(words, "tx", l.Address(lab.RX, i), fmt.Sprint(labPort))
	}
	return words
}

func (s *stream) pipe() (r, w *os.File) {
	s.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	return r, w
}

// program prepares one end. At the end of its life it is asked for its goroutines first (SIGQUIT).
func (s *stream) program(
	life context.Context, p programs, side lab.Side, command, options []string,
) (*lab.Cmd, *lab.Text) {
	argv := slices.Concat(s.setup.before, []string{p.viamillipede}, command, s.setup.words, options)
	if s.setup.credential == nil { // who may write there
		argv = append(argv, "json", s.account(command[0]))
	}
	c, said := s.lab.Command(life, side, argv[0], argv[1:]...), new(lab.Text)
	c.Stderr = said
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGQUIT) }
	c.WaitDelay = dumpTime
	c.SysProcAttr.Credential = s.setup.credential
	return c, said
}

// run starts a program, which owns its end of the pipe from then on.
func (s *stream) run(c *lab.Cmd, end io.Closer) {
	s.t.Helper()
	if err := c.Start(); err != nil {
		s.t.Fatalf("start %s: %v", c.Path, err)
	}
	end.Close()
}

// tell ends what still runs and, if the test failed, logs what both programs said.
func (s *stream) tell() {
	s.tx.Wait()
	s.rx.Wait()
	if !s.t.Failed() {
		return
	}
	s.t.Logf("fed %d bytes, drained %d of %d", s.in.Moved(), s.out.Moved(), s.setup.size)
	for _, end := range []struct {
		c    *lab.Cmd
		said *lab.Text
	}{{s.tx, s.txSaid}, {s.rx, s.rxSaid}} {
		s.t.Logf("%s\n%v:\n%s", strings.Join(end.c.Args, " "), end.c.ProcessState, digest(end.said.String()))
	}
}

// watch waits for the end of one end, which no test waits for in vain.
func (s *stream) watch(c *lab.Cmd) {
	if status := c.Status(); status != 0 {
		s.failed <- fmt.Errorf("%s ended with status %d", strings.Join(c.Args[1:], " "), status)
	}
}

// wait waits for event, within the stream's limit and while both ends are well.
func (s *stream) wait(event <-chan struct{}, what string) {
	s.t.Helper()
	select {
	case <-event:
	case err := <-s.failed:
		s.t.Fatalf("%v; waited for %s", err, what)
	case <-s.deadline.Done():
		s.hung(what)
	}
}

// hung fails the test, after both ends had time to print their status table.
func (s *stream) hung(what string) {
	s.t.Helper()
	if s.tx != nil {
		_ = s.tx.Process.Signal(syscall.SIGUSR1)
	}
	_ = s.rx.Process.Signal(syscall.SIGUSR1)
	<-time.After(dumpTime)
	s.t.Fatalf("not within %v: %s", s.setup.limit, what)
}

// until waits for something that has no event of its own, within the stream's limit and while both ends are well. It
// asks again and again: the kernel's tables do not call back.
func (s *stream) until(what string, is func() bool) {
	s.t.Helper()
	const pause = 10 * time.Millisecond
	for !is() {
		tick := make(chan struct{})
		timer := time.AfterFunc(pause, func() { close(tick) })
		s.wait(tick, what)
		timer.Stop()
	}
}

// status waits for the end of a program, and checks its exit status.
func (s *stream) status(c *lab.Cmd, want int) {
	s.t.Helper()
	if got := s.ended(c); got != want {
		s.t.Errorf("%s: exit status %d, want %d", strings.Join(c.Args[1:], " "), got, want)
	}
}

// ended waits for the end of a program, and gives its exit status.
func (s *stream) ended(c *lab.Cmd) int {
	s.t.Helper()
	status := make(chan int, 1)
	go func() { status <- c.Status() }()
	select {
	case got := <-status:
		return got
	case <-s.deadline.Done():
		s.hung("the end of " + strings.Join(c.Args[1:], " "))
		return -1
	}
}

// finish waits for the end of a stream that must have arrived whole.
func (s *stream) finish() {
	s.t.Helper()
	s.status(s.tx, 0)
	s.status(s.rx, 0)
	if err := <-s.fed; err != nil {
		s.t.Errorf("the producer: %v", err)
	}
	s.whole()
}

// whole checks that the consumer had all of the stream, and nothing else.
func (s *stream) whole() {
	s.t.Helper()
	if s.drained == nil {
		s.status(s.consumer, 0)
		if got, want := s.consumed.String(), fmt.Sprintln(s.setup.size); got != want {
			s.t.Errorf("the consumer says %q, want %q", got, want)
		}
		return
	}
	if d := <-s.drained; d.err != nil || d.bytes != s.setup.size {
		s.t.Errorf("the consumer: %d bytes, want %d, error %v", d.bytes, s.setup.size, d.err)
	}
}

// prefix waits for the end of a stream that was cut short: what arrived must be right as far as it goes.
func (s *stream) prefix() {
	s.t.Helper()
	if d := <-s.drained; d.err != nil {
		s.t.Errorf("the consumer, after %d bytes: %v", d.bytes, d.err)
	}
}

// links counts the established links of path i, or of all paths if i is negative, as the sender's kernel has them.
func (s *stream) links(i int) int {
	s.t.Helper()
	list, err := s.lab.Connections(s.setup.senderSide, labPort)
	if err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, c := range list {
		if c.Remote.Port() == labPort && (i < 0 || c.Remote.Addr().String() == s.lab.Address(lab.RX, i)) {
			n++
		}
	}
	return n
}

// nobody is a user without rights.
func nobody() *syscall.Credential { return &syscall.Credential{Uid: 65534, Gid: 65534} }

// intoConsumer starts a stream into a consumer of its own, and lets some of it pass.
func (p programs) intoConsumer(t *testing.T) *stream {
	t.Helper()
	l := lab.New(t, lab.Config{Paths: 2})
	in := lab.NewGate()
	s := p.start(t, l, setup{
		size: 512 * mib, limit: 3 * time.Minute, consumer: p.consume, in: in,
		words: []string{"threads", "4", "window", "16M", "verbose", "2"},
	})
	s.until("every link is up", func() bool { return s.links(-1) == 4 })
	s.wait(in.At(64*mib), "the first bytes")
	return s
}

func (s *stream) signalConsumer(sig syscall.Signal) {
	s.t.Helper()
	if err := s.consumer.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// producerStands gives a question: has the producer written nothing for half a second?
func (s *stream) producerStands() func() bool {
	last, since := s.in.Moved(), time.Now()
	return func() bool {
		if now := s.in.Moved(); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 500*time.Millisecond
	}
}

func (s *stream) connections() []lab.Conn {
	s.t.Helper()
	list, err := s.lab.Connections(s.setup.senderSide, labPort)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// says checks that a program named the cause of its failure.
func (s *stream) says(who string, said *lab.Text, want string) {
	s.t.Helper()
	if !regexp.MustCompile(want).MatchString(said.String()) {
		s.t.Errorf("%s does not name the cause: nothing matches %s", who, want)
	}
}

func (s *stream) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// onLoopback is a stream within one side, of which both programs tell their engine path.
func onLoopback(with setup) setup {
	with.senderSide = lab.RX
	with.to = []string{"tx", "127.0.0.1", "4545"}
	with.words = append([]string{"threads", "4", "verbose", "3"}, with.words...)
	return with
}
