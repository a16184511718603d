package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// chapter is what "help <chapter>" is about: some keywords that belong together, or something that has none.
type chapter struct {
	name  string
	gist  string        // one line of the first screen, 27 columns at most
	words []string      // its keywords, in the order of reading
	text  func() string // what it says after these, or nil
}

// chapters are all of them, in the order of the help text. Every keyword is in one.
func chapters() []chapter {
	return []chapter{
		{"paths", "ways to the other host", []string{"rx", "tx", "via", "rate", "spill", "sports", "bind", "wire"}, nil},
		{"ends", "files, programs, far ends", []string{"file", "resume", "sync", "exec", "pty", "name", "early", "terminate", "initiate", "keep", "ready", "ssh", "peer", "ports"}, nil},
		{"safety", "keys, phrases, checksums", []string{"key", "checkphrase", "checksum"}, nil},
		{"waiting", "how long for what", []string{"connect", "giveup", "dead"}, nil},
		{"speed", "links, memory, coders, CPUs", []string{"threads", "window", "leg", "sidechain", "charmode", "io", "congestion", "cpus", "sockstats", "limit"}, nil},
		{"tests", "test streams, faults", []string{"prbs", "leglimit", "delayus", "chaos"}, nil},
		{"reports", "what is said, and where", []string{"verbose", "progress", "size", "timestamps", "log", "events", "interval", "notify", "metrics", "control", "json", "profile"}, levelsText},
		{"commands", "what does without a stream", []string{"help", "version", "completion", "keygen", "doctor", benchWord, lanesWord, statusWord, topWord, setWord, stopWord}, nil},
		{"exit", "exit statuses, and signals", nil, endingText},
		{"all", "everything, with examples", nil, helpText},
	}
}

// findChapter looks a chapter up by its name.
func findChapter(name string) (chapter, bool) {
	all := chapters()
	i := slices.IndexFunc(all, func(c chapter) bool { return c.name == name })
	if i < 0 {
		return chapter{}, false
	}
	return all[i], true
}

// checkTopic reports a word that help says nothing about; "" is the first screen.
func checkTopic(topic string) error {
	if _, ok := findChapter(topic); ok || topic == "" || topic == benchDiff {
		return nil
	}
	if _, ok := find(topics(), topic); ok {
		return nil
	}
	known := topics()
	for _, c := range chapters() {
		known = append(known, keyword{name: c.name})
	}
	return expectedKeyword(topic, known, helpLists)
}

// writeHelp writes the first screen, or what there is to say about a keyword or a chapter.
func writeHelp(w io.Writer, topic string) error {
	text := firstScreen()
	if k, ok := find(topics(), topic); ok {
		text = k.help()
	} else if c, ok := findChapter(topic); ok {
		text = c.help()
	}
	if topic == benchDiff {
		text = diffHelp
	}
	_, err := io.WriteString(w, text)
	return err
}

// opening begins the first screen.
const opening = `A pipe across the network: standard input on one host comes out of standard
output on another, over many TCP connections and several network paths at once.
A lost connection or a dead path costs time, never a byte.

  viamillipede rx [PORT]          receive: listen, and write standard output
  viamillipede tx HOST [PORT]     send standard input; a tx for each path
  viamillipede bench local|rx|tx  measure streams on this host, or to another
  viamillipede doctor [HOST]      what to change on this machine for speed
  viamillipede keygen FILE        make a key: with key FILE both ends encrypt

Copy a snapshot over two paths, the first preferred. Start either side first.
Both exit with 0 only when every byte was written out at the other end:

  on host1:  viamillipede rx | zfs recv trinity/copy
  here:      zfs send dozer/visage@now | viamillipede tx host1.40g tx host1.10g

"viamillipede help WORD" says more about a keyword, or about one of these:

`

// firstScreen is help for somebody who asks for the first time: it fits a terminal of 24 lines of 80 columns.
func firstScreen() string {
	var b strings.Builder
	b.WriteString(opening)
	all := chapters()
	half := (len(all) + 1) / 2
	for i, left := range all[:half] {
		line := fmt.Sprintf("  %-9s %-27s", left.name, left.gist)
		if half+i < len(all) {
			right := all[half+i]
			line += fmt.Sprintf("  %-9s %s", right.name, right.gist)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// help is what "help <chapter>" prints.
func (c chapter) help() string {
	if c.words == nil {
		return strings.TrimLeft(c.text(), "\n")
	}
	text := c.list() + "\n\"viamillipede help KEYWORD\" says more.\n"
	if c.text != nil {
		text += c.text()
	}
	return text
}

// list is a line for each keyword of the chapter.
func (c chapter) list() string {
	var list []keyword
	for _, name := range c.words {
		if k, ok := find(grammar(), name); ok {
			list = append(list, k)
		}
	}
	return listed(list)
}

// listed is a line for each keyword.
func listed(keywords []keyword) string {
	var b strings.Builder
	for _, k := range keywords {
		fmt.Fprintf(&b, "  %-27s %s%s\n", k.usage(), k.gist, k.remark())
	}
	return b.String()
}

// helpText is all that can be said without explaining each keyword.
func helpText() string {
	var b strings.Builder
	b.WriteString(commands + "\n" + story)
	b.WriteString("\nKeywords, in any order; via, rate, spill, sports and ssh follow the tx or rx that they belong to.\n")
	for _, c := range chapters() {
		if c.words != nil {
			fmt.Fprintf(&b, "\n%s: %s\n\n%s", strings.ToUpper(c.name[:1])+c.name[1:], c.gist, c.list())
		}
	}
	b.WriteString("\nKeywords of bench, beside those of a stream:\n\n" + listed(benchWords()))
	b.WriteString("\nSizes take k, M or G (powers of 2). \"viamillipede help KEYWORD\" says more.\n")
	return b.String() + levelsText() + endingText()
}

// levelsText says what each level of verbose adds.
func levelsText() string {
	var b strings.Builder
	b.WriteString("\nLevels of verbose, each with those before it:\n\n")
	for _, l := range levels {
		fmt.Fprintf(&b, "  %3d  %s\n", l.level, l.gist)
	}
	return b.String()
}

// endingText lists signals and exit statuses.
func endingText() string {
	var b strings.Builder
	b.WriteString("\nSignals:\n\n")
	for _, r := range reactions {
		fmt.Fprintf(&b, "  %-7s  %s\n", r.signal, r.gist)
	}
	b.WriteString("\nExit status:\n\n")
	for _, s := range statuses {
		fmt.Fprintf(&b, "  %3d  %s\n", s.status, s.gist)
	}
	return b.String()
}
