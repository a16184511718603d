package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// settings are the command line.
type settings struct {
	ends  [2]end
	name  string // of both devices
	mtu   int
	shape shape
	seed  uint64
	life  time.Duration // after this it ends
	stdin bool          // it also ends with its standard input
}

// end is one of the two ends of the line.
type end struct {
	space   string // file of the network namespace
	address string // IP address and length of the prefix
}

// shape is what happens to the packets of one direction.
type shape struct {
	delay   time.Duration // one way
	jitter  time.Duration // at most this much more or less
	reorder bool          // jitter may let one packet overtake another
	loss    float64       // probability
	rate    int64         // bytes per second; 0 means unlimited
	queue   int64         // bytes that wait for the rate
}

// Limits of IP: the least MTU of an IPv4 link, and the most that the length field can express.
const (
	leastMTU = 68
	mostMTU  = 65535
)

// flags returns the command line's flags, which fill in set.
func flags(set *settings) *flag.FlagSet {
	f := flag.NewFlagSet("delay", flag.ContinueOnError)
	f.SetOutput(io.Discard) // main says what is wrong, in one line
	f.StringVar(&set.ends[0].space, "a", "", "network namespace of one end, a `file`")
	f.StringVar(&set.ends[1].space, "b", "", "network namespace of the other end, a `file`")
	f.StringVar(&set.ends[0].address, "addr-a", "", "`address/length` at one end")
	f.StringVar(&set.ends[1].address, "addr-b", "", "`address/length` at the other end")
	f.StringVar(&set.name, "name", "delay0", "`name` of the device at both ends")
	f.IntVar(&set.mtu, "mtu", 1500, "largest packet, in `bytes`")
	f.DurationVar(&set.shape.delay, "delay", 0, "`time` that a packet travels, one way")
	f.DurationVar(&set.shape.jitter, "jitter", 0, "most `time` by which the delay is longer or shorter")
	f.BoolVar(&set.shape.reorder, "reorder", false, "jitter may change the order of packets")
	f.Float64Var(&set.shape.loss, "loss", 0, "`probability` that a packet is lost, 0 to 1")
	bytesVar(f, &set.shape.rate, "rate", "0", "`bytes` per second, 0 is any number")
	bytesVar(f, &set.shape.queue, "queue", "1M", "`bytes` that wait for the rate, the rest is dropped")
	f.Uint64Var(&set.seed, "seed", 1, "`number` that losses and jitter come from")
	f.DurationVar(&set.life, "for", time.Minute, "`time` after which the program ends")
	f.BoolVar(&set.stdin, "stdin", false, "end with the standard input, too")
	return f
}

// bytesVar adds a flag for a number of bytes. The default, first, must be valid.
func bytesVar(f *flag.FlagSet, p *int64, name, first, text string) {
	set := func(word string) (err error) {
		*p, err = parseBytes(word)
		return err
	}
	_ = set(first)
	f.Func(name, text+" (default "+first+")", set)
}

// parseBytes reads decimal digits with an optional k, M or G in either case.
func parseBytes(word string) (int64, error) {
	shift := 0
	if i := strings.IndexAny(word, "kKmMgG"); i >= 0 && i == len(word)-1 {
		shift = 10 * (1 + strings.Index("kmg", strings.ToLower(word[i:])))
		word = word[:i]
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return 0, errors.New("not a number of bytes")
	}
	return n << shift, nil
}

// parse reads the command line. The error is flag.ErrHelp, or says in one line what is wrong.
func parse(words []string) (settings, error) {
	var set settings
	f := flags(&set)
	if err := f.Parse(words); err != nil {
		return set, err
	}
	if f.NArg() > 0 {
		return set, fmt.Errorf("%q is not a flag", f.Arg(0))
	}
	return set, set.check()
}

func (s settings) check() error {
	switch {
	case s.ends[0].space == "" || s.ends[1].space == "":
		return errors.New("-a and -b must name the two namespaces")
	case s.ends[0].address == "" || s.ends[1].address == "":
		return errors.New("-addr-a and -addr-b must give the two addresses")
	case s.mtu < leastMTU || s.mtu > mostMTU:
		return fmt.Errorf("-mtu %d is not in %d to %d", s.mtu, leastMTU, mostMTU)
	case s.life <= 0:
		return fmt.Errorf("-for %v is no time to run", s.life)
	}
	return s.shape.check(s.mtu)
}

func (s shape) check(mtu int) error {
	switch {
	case s.delay < 0 || s.jitter < 0:
		return errors.New("-delay and -jitter cannot be negative")
	case s.jitter > s.delay:
		return fmt.Errorf("-jitter %v is more than -delay %v", s.jitter, s.delay)
	case !(s.loss >= 0 && s.loss <= 1):
		return fmt.Errorf("-loss %v is not in 0 to 1", s.loss)
	case s.rate > 0 && s.queue < int64(mtu):
		return fmt.Errorf("-queue %d has no room for a packet of %d bytes", s.queue, mtu)
	}
	return nil
}

func usage() string {
	var set settings
	var b strings.Builder
	b.WriteString("usage: delay -a FILE -b FILE -addr-a ADDRESS -addr-b ADDRESS [flags]\n")
	f := flags(&set)
	f.SetOutput(&b)
	f.PrintDefaults()
	return b.String()
}
