package far

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"viamillipede/engine"
	"viamillipede/engine/seal"
)

// Meeting says where the two ends meet.
type Meeting struct {
	Port     uint16           // where the far end listens; 0: it dials
	Listener *net.TCPListener // where this end listens, and the far end dials; nil: this end dials
	Address  string           // of this host, as the far end reaches it
	Why      error            // why the far end could not be reached
}

// Where is what the far end's command line says about it: a port, or a host and a port.
func (m Meeting) Where() []string {
	if m.Listener == nil {
		return []string{strconv.Itoa(int(m.Port))}
	}
	return []string{m.Address, strconv.Itoa(m.Listener.Addr().(*net.TCPAddr).Port)}
}

// Place is where an end may listen.
type Place struct {
	Bind  netip.Addr // the zero Addr is any
	Ports Ports
}

// Meet has the far end listen on one of these ports, and tries whether it can be reached there by one of the ways of each direction. If not,
// this end listens at a place of its own, unless it is nil, and the far end tries that. The error is an *engine.Error, and names the ports.
func (h *Host) Meet(directions [][]Way, theirs Ports, ours *Place) (Meeting, error) {
	secret := rand.Text()
	h.tell(fmt.Sprintf("%s %d %d %s", asksListen, theirs.First, theirs.Last, secret))
	word, rest, err := h.hear(answerWithin)
	port, failed := strconv.ParseUint(rest, 10, 16)
	switch {
	case err != nil:
		return Meeting{}, err
	case word == saysFailed:
		return Meeting{}, fail(engine.StatusConnect, "%s cannot listen: %s", h.Name, rest)
	case word != saysPort || failed != nil:
		return Meeting{}, h.puzzled(word)
	}
	there := uint16(port)
	var why error
	for _, ways := range directions {
		if why == nil {
			why = reach(context.Background(), ways, there, secret)
		}
	}
	switch {
	case why == nil:
		return Meeting{Port: there}, nil
	case ours == nil:
		return Meeting{}, fail(engine.StatusConnect, "open port %d on %s in the firewall (see ports): it cannot be reached (%v)", there, h.Name, why)
	}
	return h.askBack(there, why, *ours)
}

// askBack has the far end dial, which cannot be reached at a port.
func (h *Host) askBack(there uint16, why error, ours Place) (Meeting, error) {
	l, err := Listen(ours.Bind, ours.Ports)
	if err != nil {
		return Meeting{}, fail(engine.StatusConnect, "%s cannot be reached on port %d (%v), and this end cannot listen: %v", h.Name, there, why, err)
	}
	secret := rand.Text()
	porch := greet(l, secret)
	here := l.Addr().(*net.TCPAddr).Port
	h.tell(fmt.Sprintf("%s %d %s", asksDial, here, secret))
	word, rest, err := h.hear(answerWithin)
	porch.stop()
	switch {
	case err == nil && word == saysReached:
		return Meeting{Listener: l, Address: rest, Why: why}, nil
	case err == nil && word == saysFailed:
		err = fail(engine.StatusConnect, "open port %d on %s, or port %d here, in the firewall (see ports): it cannot be reached (%v), and cannot reach this host (%s)",
			there, h.Name, here, why, rest)
	case err == nil:
		err = h.puzzled(word)
	}
	l.Close()
	return Meeting{}, err
}

// Begin gives the far end the key of the stream and its command line. If it cannot run that, ssh ends.
func (h *Host) Begin(key *seal.Key, words []string) {
	text := key.Text()
	defer clear(text)
	h.tell(fmt.Sprintf("%s %d", asksBegin, len(words)))
	_, _ = h.ask.Write(text)
	for _, w := range words {
		h.tell(strconv.Quote(w))
	}
}
