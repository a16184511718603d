package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"viamillipede/engine"
	"viamillipede/engine/observe"
)

// wireVersion is the version of the wire format that this program speaks (engine/wire/SPEC.md).
const wireVersion = 2

// commands are the forms of the command line.
const commands = `viamillipede rx [<port>] [options]
viamillipede tx <host> [<port>] [tx <host> [<port>] ...] [options]
viamillipede rx [<port>] tx <host> [<port>] [options]
viamillipede rx <host> [<port>] [rx <host> [<port>] ...] [options]
viamillipede tx <port> [options]
viamillipede tx [<user>@]<host> ssh [copy] peer <command> [options]
viamillipede rx [<user>@]<host> ssh [copy] peer <command> [options]
viamillipede rx <host> ssh [copy] tx <host> peer <command> [options]
viamillipede rx <host> ssh [copy] tx <host> terminate <port> keep peer initiate <host> <port>
viamillipede keygen <file>
viamillipede completion bash|zsh|fish
viamillipede doctor [<host>] [json]
viamillipede bench local [options]
viamillipede bench rx [<port>] [options]
viamillipede bench serve [<port>] [options]
viamillipede bench tx <host> [<port>] [tx <host> [<port>] ...] [options]
viamillipede bench diff <old> <new> [threshold <percent>] [only <row>]
viamillipede lanes rx [<port>]
viamillipede lanes tx <host> [<port>] [options]
viamillipede status [<pid>] [json]
viamillipede top [<pid> ...]
viamillipede set <pid> [stream <n>] [tx|rx] <word> [<path>] <value>
viamillipede stop <pid>`

// story opens the help text, before the list of keywords.
const story = `
A pipe across the network: standard input on one host comes out of standard output
on another, in order, over many TCP connections and several network paths at once.
A lost connection or a dead path costs time, never a byte.

Copy a ZFS snapshot over three paths, the first one preferred:

  on host1:  viamillipede rx 8834 | zfs recv trinity/copy
  here:      zfs send dozer/visage@now | viamillipede tx host1.40g 8834 \
                 tx host1.10g tx host1.last-resort threads 16 verbose 1

Copy a folder:

  on host1:  viamillipede rx | tar xf -
  here:      tar cf - folder | viamillipede tx host1

A bare port listens and a host dials, whoever sends. A receiver that nobody can reach:

  here:      zfs send dozer/visage@now | viamillipede tx 8834
  on host1:  viamillipede rx here 8834 | zfs recv trinity/copy

All in one command, private, with the other end started through ssh:

  here:      viamillipede tx root@host1 ssh exec 'zfs send dozer/visage@now' \
                 peer 'zfs recv trinity/copy'

Start either side first. Both exit with 0 only when every byte was written out at the
other end. Without a key nothing is encrypted: across networks that you do not trust,
make one ("viamillipede keygen FILE") and give both ends key FILE.
`

// statuses are the documented exit statuses.
var statuses = []struct {
	status engine.Status
	gist   string
}{
	{engine.StatusDone, "done: every byte was delivered"},
	{engine.StatusUsage, "usage: the command line or a setting is wrong, or bench diff found a regression"},
	{engine.StatusConnect, "could not connect in time, or could not listen"},
	{engine.StatusRefused, "refused: wrong phrase, key, sidechain or version, or the peer is busy"},
	{engine.StatusIntegrity, "integrity: a sum or a test stream is wrong, or the source changed"},
	{engine.StatusLost, "all paths lost for longer than giveup, or the peer is dead"},
	{engine.StatusLocalPipe, "standard input or output failed here, or too little was granted to start"},
	{engine.StatusRemotePipe, "standard input or output failed at the peer"},
	{engine.StatusInternal, "a bug in the program: please report what it printed"},
	{engine.StatusInterrupt, "stopped by SIGINT"},
	{engine.StatusTerminated, "stopped by SIGTERM or SIGHUP"},
}

// gistOf is what an exit status means.
func gistOf(status engine.Status) string {
	for _, s := range statuses {
		if s.status == status {
			return s.gist
		}
	}
	return fmt.Sprintf("exit status %d", status)
}

// levels are the levels of verbose; each one says what those before it say, too.
var levels = []struct {
	level observe.Level
	gist  string
}{
	{observe.LevelError, "errors, strangers, and what a stream without a link waits for"},
	{observe.LevelSummary, "the final summary, one line"},
	{observe.LevelLinks, "links up and down"},
	{observe.LevelChoices, "choices made, and why"},
	{observe.LevelResent, "legs lost and resent"},
	{observe.LevelLegs, "every leg"},
	{observe.LevelCalls, "every system call result"},
}

// reactions are what the program does on signals.
var reactions = []struct{ signal, gist string }{
	{"SIGUSR1", "print the status table: each link, each path, the totals and the ring"},
	{"SIGUSR2", "raise verbose by one; 20 wraps to 0"},
	{"SIGINT", "tell the peer and stop; a second one, 0.3 s later or more, stops at once"},
	{"SIGTERM", "tell the peer and stop; SIGHUP is the same"},
	{"SIGPIPE", "ignored: a reader that went away is an error like others"},
}

// helpAsked reports whether a command line asks for help other than by its first word, and about which topic; "" is the whole
// text. "bench --help", "bench tx host1 -h" and "bench help" are "help bench", and so it is for the other commands with
// words of their own; "tx --help" is "help", and "help bench diff" is "help diff".
func helpAsked(words []string) (topic string, asked bool) {
	if len(words) < 2 {
		return "", false
	}
	if slices.Equal(words, []string{"help", benchWord, benchDiff}) {
		return benchDiff, true
	}
	last := words[len(words)-1]
	dashed := last == "--help" || last == "-h"
	if words[0] == "tx" && len(words) == 2 {
		return "", dashed
	}
	if !slices.Contains(append([]string{benchWord, lanesWord, "doctor", "keygen"}, remoteWords...), words[0]) {
		return "", false
	}
	named := words[0] == "doctor" || words[0] == "keygen" // could be about a host, or a file, of that name
	if !dashed && !(last == "help" && len(words) == 2 && !named) {
		return "", false
	}
	if words[0] == benchWord && words[1] == benchDiff {
		return benchDiff, true
	}
	return words[0], true
}

// remark is what follows the gist in the list of keywords.
func (k keyword) remark() string {
	if k.initial == "" {
		return ""
	}
	return " (" + k.initial + ")"
}

// help is what "help <keyword>" prints.
func (k keyword) help() string {
	var b strings.Builder
	more := k.more
	if k.own != nil {
		more += k.own()
	}
	fmt.Fprintf(&b, "%s\n\n%s%s.%s\n", k.usage(), strings.ToUpper(k.gist[:1]), k.gist[1:], more)
	for _, a := range k.args {
		if a.name != "KEYWORD" && a.name != a.want {
			fmt.Fprintf(&b, "\n%s: %s.\n", a.name, a.want)
		}
	}
	if len(k.alias) > 0 {
		fmt.Fprintf(&b, "\nAlso spelt %s.\n", strings.Join(k.alias, ", "))
	}
	if k.initial != "" {
		fmt.Fprintf(&b, "\nDefault: %s.\n", k.initial)
	}
	if k.many {
		b.WriteString("\nMay be given more than once.\n")
	}
	if k.ofPath {
		b.WriteString("\nStands after a tx or rx with a host and belongs to it; once for each.\n")
	}
	return b.String()
}

// shortUsage is for a command line without words.
func shortUsage() string {
	return "usage:\n" + commands + "\n\"viamillipede help\" says more"
}

func writeVersion(w io.Writer) error {
	_, err := fmt.Fprintf(w, "viamillipede %s, wire version %d\n%s %s/%s\n",
		version, wireVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
