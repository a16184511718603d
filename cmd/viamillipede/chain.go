package main

import (
	"os/exec"
	"strconv"
	"strings"
	"time"

	"viamillipede/cmd/viamillipede/internal/filter"
	"viamillipede/engine"
	"viamillipede/engine/observe"
	"viamillipede/engine/sidechain"
)

// chainWord is the keyword of sidechains.
const chainWord = "sidechain"

// chains is what the command line says about sidechains.
type chains struct {
	near   *sidechain.Chain // of the rx or tx that was read last; nil: none was read yet
	loose  sidechain.Chain  // named before any rx or tx
	tx, rx sidechain.Chain

	patient bool // the user says how long a command may take: giveup
}

// chained is the keyword about what legs go through.
func chained() []keyword {
	return []keyword{{
		name: chainWord, many: true,
		args: []argument{chainStep()},
		gist: "code each leg: zstd, s2, gzip, bzip2, auto or a command",
		more: `
For tx: NAME or NAME:LEVEL: zstd (1 to 4, default 1), s2 (1 to 3), gzip (1 to 9), bzip2 (1
to 9, by the program of that name); max is the highest. rx decodes these without a word.
Legs are coded each by itself, on all CPUs, and once however often they are resent. A leg
that does not get shorter goes as it is. auto chooses between none, s2 and zstd by what
makes the stream faster. Anything else is a command of the shell, that codes at tx and
undoes it at rx, where sidechain has to name it too: sidechain 'openssl enc -e ...' there,
sidechain 'openssl enc -d ...' here. A process is started for each leg; what it adds may be
16 times the leg. One that fails, or takes longer than giveup (60 s where that is not
given), fails the stream: 6 at tx, 4 at rx. Several make a chain, in the order of tx at
both ends. An end never runs what the other one names: where the chains differ nothing is
sent, tx exits with 3, and rx says so and waits on. It belongs to the rx or tx that it
follows, or to the only one there is.`,
	}}
}

// chainStep is a step of a chain.
func chainStep() argument {
	return argument{
		name: "NAME[:LEVEL]|COMMAND", literal: true,
		want: "zstd, s2, gzip or bzip2, auto, or a command, 6 at most",
		set: func(inv *invocation, word string) bool {
			c := inv.chains.near
			if c == nil {
				c = &inv.chains.loose
			}
			if strings.TrimSpace(word) == "" || strings.Contains(word, "\x00") || len(c.Steps) == sidechain.MaxSteps || c.Auto {
				return false
			}
			if word == "auto" {
				first := c.IsEmpty()
				*c = sidechain.AutoChain()
				return first
			}
			s, builtIn, bad := sidechain.Named(word)
			if !builtIn {
				s = sidechain.Step{Codec: sidechain.Command, Text: word}
			}
			c.Steps = append(c.Steps, s)
			return !bad
		},
	}
}

// completeChains finds the end that a chain was meant for which stands before any, and checks what belongs together.
func (inv *invocation) completeChains() error {
	c := &inv.chains
	c.near = nil // for reading only
	if !c.loose.IsEmpty() {
		own := &c.tx
		switch {
		case inv.rx.said() && inv.tx.said():
			return usageError("sidechain: must follow the rx or the tx that it belongs to, where there are both")
		case inv.rx.said():
			own = &c.rx
		}
		if !own.IsEmpty() {
			return usageError("sidechain: expected all of a chain before or after rx or tx, found both")
		}
		*own, c.loose = c.loose, sidechain.Chain{}
	}
	if inv.options.Charmode && c.tx.Commands() > 0 {
		return usageError("sidechain: charmode sends every read as it is, and a command must not be left out")
	}
	return nil
}

// limitOfPiece is how long a process may take for a leg where giveup is not given.
const limitOfPiece = time.Minute

// limitOf is how long a process may take for a leg; 0: as long as it likes.
func (inv *invocation) limitOf() time.Duration {
	if !inv.chains.patient {
		return limitOfPiece
	}
	return max(0, inv.options.Giveup)
}

// filesOfProcess is how many descriptors a process costs that codes legs: of its pipes, and as many again while it starts.
const filesOfProcess = 6

// arm gives the steps of a chain that need a program theirs, for an end that says so with said, and that has its descriptors from m, where
// those that the programs need are set aside. Where memory is little, fewer coders are at work. The chain's end ends them.
func (inv *invocation) arm(c sidechain.Chain, sends bool, m *engine.Means, said func(line string)) (sidechain.Chain, error) {
	armed := sidechain.Chain{Auto: c.Auto}
	workers := sidechain.Workers(m.Loops)
	if programs := c.Programs(sends); programs > 0 && m.Files > 0 {
		each := 2 * programs * filesOfProcess // one at work, and one that waits
		workers = max(1, min(workers, m.Files/2/each))
		m.Aside = workers * each
		armed.Most = workers
	}
	if tables := c.Tables(sends); tables > 0 && m.Memory > 0 { // the window takes a quarter of that
		if fit := max(1, int(m.Memory/4/tables)); fit < workers {
			workers, armed.Most = fit, fit
		}
	}
	for _, s := range c.Steps {
		command := s.Text
		if s.Codec == sidechain.Bzip2 && sends {
			if _, err := exec.LookPath("bzip2"); err != nil {
				return armed, localPipe("sidechain bzip2 needs that program", err)
			}
			command = "bzip2 -c"
			if s.Level > 0 {
				command += " -" + strconv.Itoa(s.Level)
			}
		}
		if command != "" {
			s.Program = filter.New(command, workers, inv.limitOf(), said)
		}
		armed.Steps = append(armed.Steps, s)
	}
	return armed, nil
}

// chainOf is the chain of a side, ready to run. What its programs need is set aside in m.
func (inv *invocation) chainOf(c sidechain.Chain, s *side, sends bool, m *engine.Means) (sidechain.Chain, error) {
	if sends && inv.options.Charmode && !c.IsEmpty() {
		s.log.Printf(observe.LevelError, "sidechain: nothing is coded, since charmode sends every read as it is")
		return sidechain.Chain{}, nil
	}
	return inv.arm(c, sends, m, func(line string) { s.log.Printf(observe.LevelError, "sidechain: %s", line) })
}
