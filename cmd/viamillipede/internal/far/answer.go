package far

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"viamillipede/engine/seal"
	"viamillipede/netio/dial"
)

// Self is what the far end knows of itself.
type Self struct {
	Version string
	Copied  bool   // it is a copy, which nobody else needs
	Caller  string // the address of the near end, as this host sees it; "": unknown
}

// Caller is the address that ssh has come from (SSH_CONNECTION, ssh(1)); "": unknown.
func Caller() string {
	address, _, _ := strings.Cut(os.Getenv("SSH_CONNECTION"), " ")
	return address
}

// Order is what the far end is to do.
type Order struct {
	Key       *seal.Key
	Words     []string        // its command line
	Inherited *dial.Inherited // where it listens; nil: it dials

	channel
}

// Why the far end ends before a stream.
var (
	ErrGone    = errors.New("the other end has gone")
	ErrPuzzled = errors.New("this command is started through ssh, by the keyword of that name, and cannot understand what it is told")
)

// Answer speaks with the near end until that says what to do. The error is for people.
func Answer(in io.Reader, out io.Writer, s Self) (*Order, error) {
	digest := "-"
	if s.Copied {
		digest = settle()
	}
	a := &answerer{self: s, in: bufio.NewReaderSize(in, lineMost), out: out}
	defer a.leave()
	if err := write(out, fmt.Sprint(mark, saysHello, " ", talk, " ", digest, " ", s.Version)); err != nil {
		return nil, ErrGone
	}
	return a.serve()
}

// settle removes the name of the copy that runs, and its folder, and returns its digest.
func settle() string {
	if name, err := os.Readlink(self); err == nil && strings.HasPrefix(filepath.Base(filepath.Dir(name)), "viamillipede.") {
		_ = os.Remove(name)
		_ = os.Remove(filepath.Dir(name))
	}
	f, err := os.Open(self)
	if err != nil {
		return "-"
	}
	defer f.Close()
	digest, _, err := digestOf(f)
	if err != nil {
		return "-"
	}
	return digest
}

// answerer is the far end before its stream.
type answerer struct {
	self     Self
	in       *bufio.Reader
	out      io.Writer
	listener *net.TCPListener // nil: it does not listen
	porch    *porch
}

// serve does what the near end asks for, until it begins.
func (a *answerer) serve() (*Order, error) {
	for {
		line, err := a.read()
		if err != nil {
			return nil, err
		}
		words := strings.Fields(string(line))
		switch {
		case len(words) == 4 && words[0] == asksListen:
			err = a.listen(words[1], words[2], words[3])
		case len(words) == 3 && words[0] == asksDial:
			err = a.dial(words[1], words[2])
		case len(words) == 2 && words[0] == asksBegin:
			return a.begin(words[1])
		default:
			err = ErrPuzzled
		}
		if err != nil {
			return nil, err
		}
	}
}

// read reads a line, which is valid until the next call.
func (a *answerer) read() ([]byte, error) {
	line, err := readLine(a.in)
	switch {
	case errors.Is(err, errLong):
		return nil, ErrPuzzled
	case err != nil:
		return nil, ErrGone
	}
	return line, nil
}

// say tells the near end something.
func (a *answerer) say(word string, rest any) error {
	if write(a.out, fmt.Sprint(mark, word, " ", strings.Join(strings.Fields(fmt.Sprint(rest)), " "))) != nil {
		return ErrPuzzled
	}
	return nil
}

// parsePort reads a port, 0 included.
func parsePort(word string) (uint16, error) {
	n, err := strconv.ParseUint(word, 10, 16)
	return uint16(n), err
}

// listen listens on one of some ports.
func (a *answerer) listen(from, to, secret string) error {
	var failed [2]error
	var p Ports
	p.First, failed[0] = parsePort(from)
	p.Last, failed[1] = parsePort(to)
	if errors.Join(failed[:]...) != nil || a.listener != nil {
		return ErrPuzzled
	}
	l, err := Listen(netip.Addr{}, p)
	if err != nil {
		return a.say(saysFailed, err)
	}
	a.listener, a.porch = l, greet(l, secret)
	return a.say(saysPort, l.Addr().(*net.TCPAddr).Port)
}

// dial tries the near end's port, and listens no more.
func (a *answerer) dial(to, secret string) error {
	a.leave()
	port, err := parsePort(to)
	if err != nil {
		return ErrPuzzled
	}
	if a.self.Caller == "" {
		return a.say(saysFailed, "it does not know its address: SSH_CONNECTION is not set")
	}
	if err := reach(context.Background(), []Way{{Host: a.self.Caller}}, port, secret); err != nil {
		return a.say(saysFailed, err)
	}
	return a.say(saysReached, a.self.Caller)
}

// begin reads the key and the command line.
func (a *answerer) begin(count string) (*Order, error) {
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > wordsMost {
		return nil, ErrPuzzled
	}
	o := &Order{channel: channel{in: a.in, contact: newContact()}}
	line, err := a.read()
	if err != nil {
		return nil, err
	}
	o.Key, err = seal.ParseKey(line)
	clear(line)
	if err != nil {
		return nil, ErrPuzzled
	}
	for range n {
		line, err := a.read()
		if err != nil {
			return nil, err
		}
		word, err := strconv.Unquote(string(line))
		if err != nil {
			return nil, ErrPuzzled
		}
		o.Words = append(o.Words, word)
	}
	if a.listener == nil {
		return o, nil
	}
	a.porch.stop()
	if o.Inherited, err = dial.Adopt(a.listener); err != nil {
		return nil, fmt.Errorf("cannot keep the port: %w", err)
	}
	a.listener, a.porch = nil, nil
	return o, nil
}

// leave listens no more, if it does.
func (a *answerer) leave() {
	if a.listener != nil {
		a.porch.stop()
		a.listener.Close()
	}
	a.listener, a.porch = nil, nil
}
