package main

import (
	"fmt"
	"strings"

	"viamillipede/cmd/viamillipede/internal/events"
	"viamillipede/engine"
)

// invocation is what one command line asks for, read and checked. Nothing is opened yet.
type invocation struct {
	question string // "help", "version", "completion", "doctor", "diff", "keygen" or "" for none; nothing else counts when there is one
	topic    string // the keyword or chapter that help is about, the shell of completion, or ""
	patient  string // the host that doctor looks the way to, or ""
	json     bool   // doctor writes for programs
	diff     twoFiles

	rx, tx  direction
	near    near // for reading only
	options engine.Options
	survey  survey // of lanes
	keyFrom string // where the key of the links is, or goes; "": they are not sealed

	bench *benchmark // nil: none; then nothing but the options, paths and port counts beside it

	exec       execution
	connection connection
	filing     filing
	chains     chains
	far        farEnd

	keep        int          // streams at the same time, of an end that stays; 0: it serves one stream
	keepsFolder bool         // what it receives goes to a folder
	number      int          // of the peer or connection that this is about; 0: it is about all, or there is one
	room        *engine.Room // of the peer; nil: there is none

	wire int // version of the wire that tx speaks; 0: the latest

	verbose    int
	ready      string  // a file or fd:N that gets the port; "" for none
	herald     *herald // of a stream that runs
	telling    telling
	given      []events.Setting // the words of the line
	sight      *sight           // of a stream that runs
	account    string           // file of the summary for programs; "" for none
	profile    string           // one of profileKinds, or "" for none
	profileDir string
}

// parser reads the words of a command line from left to right.
type parser struct {
	rest  []string // words not read yet
	table []keyword
	seen  map[string]bool // keywords met, by name; those of a path with its number
	inv   *invocation
	given []events.Setting
	lists string // the command line that lists the keywords
}

// helpLists lists the keywords of a stream and of bench.
const helpLists = "viamillipede help all"

// parse reads a command line without the program's name. Every error is one line for the user, without the program's
// name before it, and an *engine.Error of engine.StatusUsage.
func parse(words []string) (*invocation, error) {
	if len(words) > 0 && words[0] == benchWord {
		return parseBench(words[1:])
	}
	if len(words) == 1 {
		if _, ok := find([]keyword{versionWord()}, words[0]); ok { // programs ask for it, too: no grammar is made for that
			return &invocation{question: "version"}, nil
		}
	}
	return parseStream(words, defaults())
}

// parseFar is parse for the command line of an end that ssh has started. It is about a stream.
func parseFar(words []string) (*invocation, error) {
	inv := defaults()
	inv.far.sealed = true
	inv, err := parseStream(words, inv)
	if err == nil && (inv.question != "" || inv.far.starts > 0) {
		err = usageError("expected rx or tx, found %q", words[0])
	}
	return inv, err
}

// parseStream is parse for what moves a stream, or asks a question, with what is known before a word is read.
func parseStream(words []string, before *invocation) (*invocation, error) {
	p := &parser{rest: words, table: grammar(), seen: map[string]bool{}, inv: before, lists: helpLists}
	for len(p.rest) > 0 {
		k, err := p.keyword()
		if err != nil {
			return nil, err
		}
		if p.inv.question != "" {
			return p.inv, p.nothingMore(k)
		}
	}
	p.patience()
	p.inv.given = p.given
	if err := p.inv.complete(); err != nil {
		return p.inv, err
	}
	if err := p.completeKeep(); err != nil {
		return p.inv, err
	}
	return p.inv, p.completeWire()
}

// defaults is the invocation before a word is read. What stays zero, such as the window and the
// leg, is for the engine to choose.
func defaults() *invocation {
	return &invocation{
		options: engine.Options{
			Threads:    engine.DefaultThreads,
			Giveup:     engine.DefaultGiveup,
			Congestion: "auto",
			IO:         "auto",
			Pin:        true,
			SockStats:  true,
		},
	}
}

// patience leaves it to giveup alone how long a stream waits, where that is given and dead is not.
func (p *parser) patience() {
	p.inv.chains.patient = p.seen["giveup"] && p.seen[chainWord]
	if p.seen["giveup"] && !p.seen["dead"] {
		p.inv.options.Dead = -1
	}
}

// keyword reads one keyword and its arguments.
func (p *parser) keyword() (keyword, error) {
	before := p.rest
	word := p.next()
	k, ok := find(p.table, word)
	if !ok {
		return k, expectedKeyword(word, p.table, p.lists)
	}
	if err := p.place(k); err != nil {
		return k, err
	}
	args := p.rest
	for _, a := range k.args {
		if a.optional != nil && (len(p.rest) == 0 || !a.optional(p.rest[0])) {
			continue
		}
		if err := p.argument(k, a); err != nil {
			return k, err
		}
	}
	if k.set != nil {
		k.set(p.inv)
	}
	if k.far {
		p.inv.far.told = append(p.inv.far.told, before[:len(before)-len(p.rest)])
	}
	p.given = append(p.given, events.Setting{Word: k.name, Args: args[:len(args)-len(p.rest)], Given: true})
	return k, nil
}

// place checks that k may stand here: what belongs to a path after a tx, and nothing twice.
func (p *parser) place(k keyword) error {
	name, twice := k.name, "given twice"
	if k.ofPath {
		var err error
		if name, twice, err = p.inv.placePath(k); err != nil {
			return err
		}
	}
	switch {
	case k.first:
		return usageError("%s: must be the first word of the line", k.name)
	case p.seen[name] && !k.many:
		return usageError("%s: %s", k.name, twice)
	}
	p.seen[name] = true
	return nil
}

// argument reads one argument of k.
func (p *parser) argument(k keyword, a argument) error {
	if len(p.rest) == 0 {
		return usageError("%s: expected %s, found the end of the line", k.name, a.want)
	}
	word := p.next()
	if _, taken := find(p.table, word); taken && !a.literal {
		return usageError("%s: expected %s, found the keyword %q", k.name, a.want, word)
	}
	if !a.set(p.inv, word) {
		return usageError("%s: expected %s, found %q%s", k.name, a.want, word, p.hint(a, word))
	}
	return nil
}

// hint completes the error line about a word that is not what a wants.
func (p *parser) hint(a argument, word string) string {
	if hint := suggest(word, a.choices); hint != "" {
		return hint
	}
	meant := ""
	if a.meant != nil {
		meant = a.meant(word)
	}
	if meant == "" && strings.HasPrefix(word, "-") {
		meant = respelt(word, p.table)
	}
	return didYouMean(meant)
}

func (p *parser) next() string {
	word := p.rest[0]
	p.rest = p.rest[1:]
	return word
}

// nothingMore ends a command line that asks a question.
func (p *parser) nothingMore(k keyword) error {
	if len(p.rest) > 0 {
		return usageError("%s: expected the end of the line, found %q", k.name, p.rest[0])
	}
	if p.inv.question != "help" {
		return nil
	}
	return checkTopic(p.inv.topic)
}

// complete fills in what was left out and checks what no keyword can check alone.
func (inv *invocation) complete() error {
	if !inv.rx.said() && !inv.tx.said() {
		return usageError("expected rx, tx or both: there is nothing to do")
	}
	if err := inv.rx.check("rx"); err != nil {
		return err
	}
	if err := inv.tx.check("tx"); err != nil {
		return err
	}
	if err := inv.completeFar(); err != nil {
		return err
	}
	if err := inv.completeFiles(); err != nil {
		return err
	}
	if err := inv.completeExec(); err != nil {
		return err
	}
	if err := inv.completeConnection(); err != nil {
		return err
	}
	if err := inv.completeChains(); err != nil {
		return err
	}
	inv.near = near{}
	if err := inv.rx.complete("rx", inv.options.Bind); err != nil {
		return err
	}
	if err := inv.tx.complete("tx", inv.options.Bind); err != nil {
		return err
	}
	if err := inv.completeReady(); err != nil {
		return err
	}
	if err := inv.checkFar(); err != nil {
		return err
	}
	if err := inv.completeTelling(); err != nil {
		return err
	}
	return checkLeg(inv.options)
}

// checkLeg reports a leg that is larger than the window.
func checkLeg(o engine.Options) error {
	if w := o.Window; w != 0 && int64(o.Leg) > w {
		return usageError("leg: expected no more than the window of %s, found %s", sizeText(w), sizeText(int64(o.Leg)))
	}
	return nil
}

// fillPorts gives each path without a port that of the nearest path before it, or else of the next one after it, or
// else the default.
func fillPorts(paths []engine.Path) {
	port := uint16(engine.DefaultPort)
	for _, p := range paths {
		if p.Port != 0 {
			port = p.Port
			break
		}
	}
	for i := range paths {
		if paths[i].Port == 0 {
			paths[i].Port = port
		}
		port = paths[i].Port
	}
}

func usageError(format string, args ...any) error {
	return &engine.Error{Status: engine.StatusUsage, Reason: fmt.Sprintf(format, args...)}
}
