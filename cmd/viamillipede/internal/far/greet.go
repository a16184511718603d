package far

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"

	"viamillipede/netio/dial"
)

// reachWithin bounds how long a port is tried.
const reachWithin = 5 * time.Second

// Ports is a range of ports; the zero Ports leaves the choice to the kernel.
type Ports struct{ First, Last uint16 }

// Listen listens on the first free port of a range. The error is that of the last one.
func Listen(bind netip.Addr, p Ports) (*net.TCPListener, error) {
	var failed error
	for port := int(p.First); port <= int(p.Last); port++ {
		l, err := dial.Listen(context.Background(), bind, uint16(port))
		if err == nil {
			return l, nil
		}
		if failed = err; !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EACCES) {
			break
		}
	}
	return nil, failed
}

// porch answers everyone who connects with a word, so that the other host knows where it has come to. Nothing of a stream is there yet.
type porch struct {
	listener *net.TCPListener
	word     string
	stopped  chan struct{} // closed when nobody is answered any more
}

// greet begins to answer. The listener stays the caller's.
func greet(l *net.TCPListener, word string) *porch {
	p := &porch{l, word, make(chan struct{})}
	go p.answer()
	return p
}

// answer runs until stop, or until the listener is closed.
func (p *porch) answer() {
	defer close(p.stopped)
	for {
		c, err := p.listener.AcceptTCP()
		switch {
		case errors.Is(err, net.ErrClosed) || isTimeout(err):
			return
		case err != nil: // for want of a descriptor, perhaps, or since somebody has gone
			time.Sleep(time.Millisecond)
			continue
		}
		_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // there is room in a new socket
		_, _ = io.WriteString(c, p.word)
		c.Close()
	}
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// stop ends it, and leaves the listener as it is.
func (p *porch) stop() {
	_ = p.listener.SetDeadline(time.Now())
	<-p.stopped
}

// Way is one of the ways to the other host.
type Way struct {
	Host string // name or address
	From dial.Dialer
}

// reach tries all ways at once, until one of them leads to a porch with that word. nil: one does. The error is that of the first way.
func reach(ctx context.Context, ways []Way, port uint16, word string) error {
	ctx, end := context.WithTimeout(ctx, reachWithin)
	defer end()
	var tries []try
	for _, w := range ways {
		tries = append(tries, func(dialling context.Context) error { return w.reach(ctx, dialling, port, word) })
	}
	return first(ctx, tries)
}

// try makes a connection as long as dialling goes on, and nil says that it led to the right place.
type try func(dialling context.Context) error

// first makes all tries. When one has succeeded, those end that have no connection yet: one that is made is seen to the end, since the porch
// has still to answer it. The error is that of the first try.
func first(ctx context.Context, tries []try) error {
	dialling, enough := context.WithCancel(ctx)
	defer enough()
	errs := make([]error, len(tries))
	done := make(chan int)
	for i, t := range tries {
		go func() { errs[i] = t(dialling); done <- i }()
	}
	found := false
	for range tries {
		if errs[<-done] == nil {
			found = true
			enough()
		}
	}
	if found {
		return nil
	}
	return errs[0]
}

// reach tries all addresses of a way.
func (w Way) reach(ctx, dialling context.Context, port uint16, word string) error {
	all, err := addresses(dialling, w.Host)
	if err != nil {
		return err
	}
	var tries []try
	for _, a := range all {
		tries = append(tries, func(dialling context.Context) error { return w.knock(ctx, dialling, netip.AddrPortFrom(a, port), word) })
	}
	return first(dialling, tries)
}

// addresses are those of a host, at least one.
func addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for i := range all {
		all[i] = all[i].Unmap()
	}
	if err == nil && len(all) == 0 {
		err = errors.New("it has no address")
	}
	return all, err
}

// errElsewhere is why a connection is of no use.
var errElsewhere = errors.New("something else answers there")

// knock tries one address.
func (w Way) knock(ctx, dialling context.Context, to netip.AddrPort, word string) error {
	c, err := w.From.Dial(dialling, to)
	if err != nil {
		return err
	}
	defer c.Close()
	if end, ok := ctx.Deadline(); ok {
		_ = c.SetReadDeadline(end)
	}
	heard := make([]byte, len(word))
	switch _, err := io.ReadFull(c, heard); {
	case isTimeout(err):
		return err
	case err != nil || string(heard) != word:
		return errElsewhere
	}
	return nil
}
