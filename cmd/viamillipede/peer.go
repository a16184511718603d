package main

import (
	"slices"
	"strconv"
)

// peer is what the line says of the other end that ssh starts.
type peer struct {
	said   bool
	near   *farSide // the other end of the rx or tx that was read last; nil: none was read yet
	loose  farSide  // what was said before any
	rx, tx farSide  // rx takes what this end sends, and tx sends what it takes

	words []string // what it has in place of standard input and output, as on its command line
	twice string   // what was given twice; "": nothing
}

// farSide is one direction there.
type farSide struct {
	file  string   // in place of standard input or output; "": none
	chain []string // steps of its sidechain
}

// words are the farSide as a command line has it, after its rx or tx.
func (s *farSide) words() (words []string) {
	if s.file != "" {
		words = append(words, fileWord, s.file)
	}
	for _, step := range s.chain {
		words = append(words, chainWord, step)
	}
	return words
}

// peerWord is the keyword about the other end, and fileWord one that may follow it, as initiateWord and chainWord may.
const (
	peerWord = "peer"
	fileWord = "file"
)

// job is what peer reads: a command, or one of a few keywords and what follows that.
type job struct{ word string }

// is reports, as an optional argument wants it, whether what follows a keyword comes.
func (j *job) is(word string) func(string) bool {
	return func(string) bool { return j.word == word }
}

func (j *job) arguments() []argument {
	known := []string{fileWord, initiateWord, chainWord}
	what := command(func(inv *invocation, text string) {
		j.word = ""
		switch {
		case !slices.Contains(known, text):
			inv.far.peer.does("exec", text)
		case text == initiateWord:
			inv.far.peer.does(text)
			fallthrough
		default:
			j.word = text
		}
	})
	what.name = "COMMAND|" + fileWord + "|" + initiateWord + "|" + chainWord
	what.want += ", or one of these words"
	where := path(func(inv *invocation, name string) bool {
		inv.far.peer.files(inv.far.peer.side(), name)
		return true
	})
	where.want, where.optional = "a file there", j.is(fileWord)
	to := host(func(inv *invocation, h string) { inv.far.peer.words = append(inv.far.peer.words, h) })
	to.optional = j.is(initiateWord)
	at := port(func(inv *invocation, p uint16) { inv.far.peer.words = append(inv.far.peer.words, strconv.Itoa(int(p))) })
	at.optional = j.is(initiateWord)
	step := chainStep()
	step.name, step.optional = "STEP", j.is(chainWord)
	step.set = func(inv *invocation, word string) bool {
		s := inv.far.peer.side()
		s.chain = append(s.chain, word)
		return true
	}
	return []argument{what, where, to, at, step}
}

// side is the direction that a word is about.
func (p *peer) side() *farSide {
	if p.near == nil {
		return &p.loose
	}
	return p.near
}

// does notes what the other end has in place of standard input and output.
func (p *peer) does(words ...string) {
	if len(p.words) > 0 {
		p.twice = "what is for both rx and tx"
	}
	p.words = append(p.words, words...)
}

// files notes the file of a direction.
func (p *peer) files(s *farSide, name string) {
	if s.file != "" {
		p.twice = "a file for one direction"
	}
	s.file = name
}

// take gives what was said before any rx or tx to the only direction that there is.
func (p *peer) take(s *farSide) {
	if p.loose.file != "" {
		p.files(s, p.loose.file)
	}
	s.chain = append(p.loose.chain, s.chain...)
}

// completePeer finds what is meant for which direction there, and checks that each has something to do.
func (inv *invocation) completePeer() error {
	p := &inv.far.peer
	switch both := inv.rx.said() && inv.tx.said(); {
	case p.loose.words() == nil:
	case both:
		return usageError("peer: file and sidechain must follow the rx or the tx that they belong to, where there are both")
	case inv.rx.said():
		p.take(&p.tx)
	default:
		p.take(&p.rx)
	}
	if p.twice != "" {
		return usageError("peer: given twice, with %s", p.twice)
	}
	lacks := inv.tx.said() && p.rx.file == "" || inv.rx.said() && p.tx.file == "" && !inv.options.PRBS
	if len(p.words) == 0 && lacks {
		return usageError("ssh: expected peer with a command for the other end, with a file, or with initiate")
	}
	if e := &inv.exec; e.pty && e.command == "" {
		e.pty = false
		p.words = append(p.words, ptyWord)
	}
	return nil
}

// farSender is what the other end is told of what it sends: where only names are in the sidechain of this end, it does the same.
func (inv *invocation) farSender() *farSide {
	s := inv.far.peer.tx
	if s.chain == nil && inv.chains.rx.Commands() == 0 {
		s.chain = inv.chains.rx.Words()
	}
	return &s
}
