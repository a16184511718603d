package main

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"viamillipede/engine"
)

// A bare port listens, and a host dials, whoever sends:
//
//	rx PORT          listens      tx PORT          listens
//	rx HOST [PORT]   dials        tx HOST [PORT]   dials
//
// What belongs to a path is for the end that dials.

// direction is what rx or tx has said.
type direction struct {
	paths   []engine.Path // that are dialled
	port    uint16        // that is listened on, unless there are paths; 0: the kernel chooses one
	given   bool          // the user has named the port
	listens int           // how often that was said
}

// listening is the direction that listens, the first one if both do; nil: none does.
func (inv *invocation) listening() *direction {
	for _, d := range []*direction{&inv.rx, &inv.tx} {
		if d.listens > 0 {
			return d
		}
	}
	return nil
}

// said reports whether there is such an end.
func (d *direction) said() bool { return d.listens > 0 || len(d.paths) > 0 }

// near is the rx or tx that was read last, and the one that dials.
type near struct {
	word  string     // as it stands there; "": none was read
	path  *direction // the last that dials; nil: none
	paths string     // its keyword
	login string     // the host, as ssh knows it
}

// check reports what cannot be meant; word is rx or tx.
func (d *direction) check(word string) error {
	switch n := len(d.paths); {
	case d.listens > 0 && n > 0:
		return usageError("%s: expected either a port to listen on or hosts to dial, found both", word)
	case d.listens > 1:
		return usageError("%s: given twice, and listens: one port is enough", word)
	case n > engine.MaxThreads:
		return usageError("%s: expected at most %d, since each path needs a link, found %d", word, engine.MaxThreads, n)
	}
	return nil
}

// complete fills in what was left out, once it is checked.
func (d *direction) complete(word string, bind netip.Addr) error {
	if err := d.check(word); err != nil {
		return err
	}
	d.listens = min(d.listens, 1)
	fillPorts(d.paths)
	return checkZones(word, d.paths, bind)
}

// listen notes that a port is listened on.
func (inv *invocation) listen(d *direction, word string, port uint16) {
	d.port = port
	d.listens++
	inv.near.word = word
	if port != engine.DefaultPort {
		inv.near.word += " " + strconv.Itoa(int(port))
	}
}

// dial notes a path.
func (inv *invocation) dial(d *direction, word, host string) {
	d.paths = append(d.paths, engine.Path{Host: host})
	inv.near = near{word: word + " " + host, path: d, paths: word, login: host}
}

// placePath checks that k, which belongs to a path, may stand here, and returns what is met once for each path.
func (inv *invocation) placePath(k keyword) (once, twice string, err error) {
	n := &inv.near
	switch {
	case n.word == "":
		return "", "", usageError("%s: must follow the tx or rx that it belongs to, found before any", k.name)
	case n.path == nil:
		return "", "", usageError("%s: is for the end that dials, and %s listens", k.name, n.word)
	}
	return fmt.Sprint(k.name, n.paths, len(n.path.paths)), "given twice for one " + n.paths, nil
}

// lastPath is the path that was read last.
func (inv *invocation) lastPath() *engine.Path {
	paths := inv.near.path.paths
	return &paths[len(paths)-1]
}

// whereTo is what rx or tx reads: a port to listen on, or a host to dial, and its port.
type whereTo struct {
	word  string
	of    func(inv *invocation) *direction
	given bool // since the keyword
	dials bool // likewise, and its port may follow
}

// where is the argument. table gives the keywords that are not taken for hosts; nil: there must be an argument.
func (w *whereTo) where(table func() []keyword) argument {
	a := argument{
		name: "HOST", want: "a host to dial, or a port to listen on, 1 to 65535 or 0 for any", set: w.set,
	}
	if table != nil {
		a.optional = func(arg string) bool {
			_, _, _, ok := parseLogin(arg)
			return looksLikeNumber(arg) || ok && !looksLikeKeyword(arg, names(table()))
		}
	}
	return a
}

func (w *whereTo) set(inv *invocation, arg string) bool {
	w.given = true
	if looksLikeNumber(arg) {
		n, ok := parseNumber(arg)
		if ok = ok && n <= 65535; ok {
			inv.listen(w.of(inv), w.word, uint16(n))
			w.of(inv).given = true
		}
		return ok
	}
	user, h, port, ok := parseLogin(arg)
	if ok {
		inv.dial(w.of(inv), w.word, h)
		inv.lastPath().Port = port
		inv.noteLogin(user)
	}
	w.dials = ok && port == 0
	return ok
}

// unlessPassed is the table of keywords for a tx that needs no argument, since a service manager has passed the sockets that it is to
// listen at; else nil: a tx without a host is a slip.
func unlessPassed() func() []keyword {
	if os.Getenv("LISTEN_FDS") == "" || os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil
	}
	return grammar
}

// port is the argument after a host.
func (w *whereTo) port() argument {
	a := optionalPort(func(inv *invocation, p uint16) { inv.lastPath().Port = p })
	number := a.optional
	a.optional = func(arg string) bool { return w.dials && number(arg) }
	return a
}

// end is what the keyword does: without an argument it listens.
func (w *whereTo) end(inv *invocation) {
	if !w.given {
		inv.listen(w.of(inv), w.word, engine.DefaultPort)
	}
	w.given, w.dials = false, false
}

// looksLikeKeyword reports whether arg is one of the words, or a slip for one. A dot at the end makes any name a host.
func looksLikeKeyword(arg string, words []string) bool {
	return slices.Contains(words, arg) || !strings.ContainsAny(arg, ".:") && suggest(arg, words) != ""
}

// looksLikeNumber reports whether a word is taken for a port and not for a host.
func looksLikeNumber(word string) bool {
	return word != "" && strings.Trim(word, "+-0123456789") == ""
}
