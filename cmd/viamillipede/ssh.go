package main

import (
	"slices"
	"strings"

	"viamillipede/cmd/viamillipede/internal/far"
	"viamillipede/engine"
	"viamillipede/engine/sidechain"
)

// farEnd is what the command line says about the other end, where that is started from here.
type farEnd struct {
	starts int    // how often ssh was said
	to     string // the host, as ssh knows it
	name   string // the host, for people
	copy   bool   // this program is sent along
	peer   peer   // what it does
	loose  string // a user and host that ssh does not follow yet; "": none

	port  uint16     // that it listens on, where the line says so
	ports far.Ports  // where an end listens that chooses; the zero Ports: on any
	told  [][]string // what the line says to both ends: each keyword with its arguments

	sealed    bool      // this end is the one that ssh has started: it has its key from there
	companion companion // while the stream runs: the other end over ssh, seen from this one; nil: there is no ssh
}

// sshWord is the keyword that starts the other end, and copyWord what may follow.
const (
	sshWord  = "ssh"
	copyWord = "copy"
)

// throughSSH are the keywords about an other end that is started from here.
func throughSSH() []keyword {
	job := &job{}
	return []keyword{{
		name: sshWord, ofPath: true,
		args: []argument{destination(), withCopy()},
		set:  func(inv *invocation) { inv.startThere() },
		gist: "start the other end on that HOST, through ssh, with a key of its own",
		more: `
Say what it does there with peer. HOST may be USER@HOST; DEST is the host as ssh knows it,
where that is another name. Other tx or rx of the line are more ways to the same host.
Your own ssh runs: its config, agents and jump hosts hold, and it asks for passwords
itself. VIAMILLIPEDE_SSH names another program. A key is made for the stream and goes over
ssh; all links are sealed (see key). Options that mean something there hold there too.
The other end listens on PORT, or else on one of ports, or on any. Where it cannot be
reached within 5 s it dials here instead. What it says has its host's name before it.
Once a link is up ssh is not needed. It needs viamillipede there. With copy this program
is sent along, if the same one is not there, into a folder of its own; it is gone from
there as soon as it runs, and its SHA-256 is compared.`,
	}, {
		name: peerWord, many: true,
		args: job.arguments(),
		set:  func(inv *invocation) { inv.far.peer.said = true },
		gist: "what the other end of ssh does",
		more: `
COMMAND is what exec would be there: a producer for rx, a consumer for tx, and both for
rx and tx; pty gives it a terminal. What it writes elsewhere is shown here. "peer file
PATH" is a file there, and "peer initiate HOST PORT" a TCP connection made from there, as
file and initiate say. "peer sidechain STEP", once for each step, is the sidechain there:
of a command each end names its own, while what is built in needs no word there. With rx
and tx:

  viamillipede rx host1 ssh tx host1 exec ./worker peer ./server
  viamillipede rx host1 ssh tx host1 charmode peer 'bash -l' pty
  viamillipede rx host1 ssh tx host1 terminate 8730 keep peer initiate localhost 873

The last one takes many connections, for as long as ssh lives. With rx and tx, file and
sidechain are about the other end of the one that they follow.`,
	}, {
		name: "ports",
		args: []argument{portRange()},
		gist: "the ports to choose from where an end chooses one to listen on",
		more: `
For rx 0 and tx 0, which take the first that is free, and for ssh: the other end listens
on one of them, or this one, where the other one has to dial.`,
	}}
}

// noteLogin notes the user for the path that was read last; "": none was named.
func (inv *invocation) noteLogin(user string) {
	if user != "" {
		inv.near.login = user + "@" + inv.near.login
		inv.far.loose = inv.near.login
	}
}

// parseLogin takes a host with or without a user before it, as ssh does, and with or without a port after it, as parseDestination does.
func parseLogin(word string) (user, host string, port uint16, ok bool) {
	at := strings.LastIndexByte(word, '@')
	if at < 0 {
		host, port, ok = parseDestination(word)
		return "", host, port, ok
	}
	user = word[:at]
	host, port, ok = parseDestination(word[at+1:])
	return user, host, port, ok && plainDestination(user)
}

// plainDestination reports whether a word may be given to ssh as a host or a user: it is no option, and nothing that the commands of a
// config (ProxyCommand and the like), in which ssh may put it, would be changed by.
func plainDestination(word string) bool {
	return word != "" && len(word) <= 1024 && !strings.Contains("@"+word, "@-") && plain(word) && !strings.ContainsAny(word, "'\"`\\$;&<>|(){}*?!#")
}

// destination is the host as ssh knows it, if that is not the HOST before.
func destination() argument {
	return argument{
		name: "DEST", want: "a host, as ssh knows it",
		optional: func(word string) bool { return word != copyWord && !looksLikeKeyword(word, names(grammar())) },
		set: func(inv *invocation, word string) bool {
			inv.far.to = word
			return plainDestination(word)
		},
	}
}

// withCopy has this program sent along.
func withCopy() argument {
	return argument{
		name: copyWord, want: "this program is sent along, unless the same one is there", literal: true,
		optional: func(word string) bool { return word == copyWord },
		set: func(inv *invocation, _ string) bool {
			inv.far.copy = true
			return true
		},
	}
}

// startThere notes that the other end is started at the host that was read last.
func (inv *invocation) startThere() {
	f := &inv.far
	f.starts++
	f.name = inv.lastPath().Host
	if f.to == "" {
		f.to = inv.near.login
	}
	if f.loose == inv.near.login {
		f.loose = ""
	}
}

// portRange is a range of ports.
func portRange() argument {
	return argument{
		name: "A-B", want: "two ports from 1 to 65535, such as 9000-9010",
		set: func(inv *invocation, word string) bool {
			list, ok := parsePorts(word)
			if !ok || !strings.Contains(word, "-") || strings.Contains(word, ",") {
				return false
			}
			inv.far.ports = far.Ports{First: list[0], Last: list[len(list)-1]}
			return true
		},
	}
}

// completeFar checks what belongs together where the other end is started from here, before ports are filled in.
func (inv *invocation) completeFar() error {
	f := &inv.far
	listens := inv.listening()
	f.peer.near = nil // for reading only
	if f.starts == 0 {
		f.told = nil // nobody is there
	}
	switch {
	case f.loose != "" && f.loose != f.to:
		return usageError("%s: a user before a host is for ssh, which does not follow", f.loose)
	case f.starts == 0 && f.peer.said:
		return usageError("peer: is for an other end that ssh starts")
	case f.starts == 0 && f.ports != far.Ports{} && (listens == nil || listens.port != 0):
		return usageError("ports: is for ssh, or for an end that listens on port 0")
	case f.starts == 0:
		return nil
	case !plainDestination(f.to):
		return usageError("ssh: expected a host, as ssh knows it, found %q", f.to)
	case f.starts > 1:
		return usageError("ssh: given twice: it starts one other end, and each further tx or rx is a way to it")
	case listens != nil:
		return usageError("ssh: expected a host for rx and for tx, found one that listens")
	case inv.keyFrom != "":
		return usageError("key: ssh makes one for the stream")
	case inv.speaksFirst():
		return usageError("ssh: cannot be used with wire 1: it has no seal, and all would leave in the clear")
	}
	for _, p := range inv.paths() {
		if p.Port != 0 && f.port != 0 && p.Port != f.port {
			return usageError("ssh: the other end listens on one port, found %d and %d", f.port, p.Port)
		}
		f.port = max(f.port, p.Port)
	}
	return inv.completePeer()
}

// directions are those that there are.
func (inv *invocation) directions() (said []*direction) {
	for _, d := range []*direction{&inv.rx, &inv.tx} {
		if d.said() {
			said = append(said, d)
		}
	}
	return said
}

// paths are those of all directions.
func (inv *invocation) paths() []engine.Path { return slices.Concat(inv.rx.paths, inv.tx.paths) }

// checkFar finds out whether the other end will take its command line, and whether the two fit together, before ssh runs.
func (inv *invocation) checkFar() error {
	if inv.far.starts == 0 {
		return nil
	}
	there, err := parseFar(inv.farLine("1"))
	if err != nil {
		return usageError("at the other end: %v", err)
	}
	for _, way := range []struct{ tx, rx sidechain.Chain }{{inv.chains.tx, there.chains.rx}, {there.chains.tx, inv.chains.rx}} {
		if _, err := sidechain.Match(way.tx.Code(), way.rx); err != nil {
			return usageError("%v: see peer sidechain", err)
		}
	}
	return nil
}

// farLine is the command line of the other end, which listens on a port, or dials a host and a port.
func (inv *invocation) farLine(where ...string) []string {
	var line []string
	if inv.tx.said() {
		line = append(append(line, "rx"), where...)
		line = append(line, inv.far.peer.rx.words()...)
	}
	if inv.rx.said() {
		line = append(append(line, "tx"), where...)
		line = append(line, inv.farSender().words()...)
	}
	line = append(line, inv.far.peer.words...)
	for _, words := range inv.far.told {
		if !inv.ownMatter(words[0]) {
			line = append(line, words...)
		}
	}
	return line
}

// ownMatter reports whether a keyword is about this end alone: whoever receives has the file to sync, and whoever sends the say in how fast.
func (inv *invocation) ownMatter(word string) bool {
	switch word {
	case "sync":
		return inv.rx.said() && (!inv.tx.said() || inv.far.peer.rx.file == "")
	case "congestion":
		return !inv.rx.said()
	}
	return false
}
