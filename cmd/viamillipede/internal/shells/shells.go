// Package shells writes completion scripts for shells, from a grammar of keywords that stand in any order and take words after them.
//
// The three scripts have the same parts: what follows each keyword, the keywords of each kind of line, and a walk over the words
// before the cursor that knows from these what may stand there (bash.go, zsh.go, fish.go).
package shells

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Names are the shells.
var Names = []string{"bash", "zsh", "fish"}

// Class is what a shell knows how to complete.
type Class string

// The classes.
const (
	Any     Class = "" // nothing is known about it
	File    Class = "file"
	Folder  Class = "dir"
	Host    Class = "host"
	Device  Class = "device"
	Command Class = "command"
)

// Arg is a word after a keyword: one of the choices, or of the class.
type Arg struct {
	Optional bool
	Choices  []string
	Class    Class
}

// Word is a keyword. Names have letters, digits and dashes.
type Word struct {
	Name, Gist string
	Args       []Arg
	Many       bool // may be given more than once
	First      bool // only the first word of the line can be this
}

// Line is a kind of command line, with keywords of its own.
type Line struct {
	Name  string
	After []string // the words that it begins with, two at most; none: what is no other line
	Skip  int      // how many of them are not its keywords
	Begin []Arg    // what stands there before the first keyword
	Words []Word
}

// Write writes the script for a shell of Names, for the program of this name. The first line has no words before it.
func Write(w io.Writer, shell, program string, lines []Line) error {
	write := map[string]func(string, []Line) string{"bash": bash, "zsh": zsh, "fish": fish}[shell]
	if write == nil {
		return fmt.Errorf("no completion for the shell %q", shell)
	}
	_, err := io.WriteString(w, write(program, lines))
	return err
}

// code is an argument as the scripts have it: "?" if it may be left out, then choices and @class between commas.
func (a Arg) code() string {
	parts := slices.Clone(a.Choices)
	if a.Class != Any || len(parts) == 0 {
		parts = append(parts, "@"+string(a.Class))
	}
	text := strings.Join(parts, ",")
	if a.Optional {
		return "?" + text
	}
	return text
}

// codes are what follows a keyword. After one that has to come first, and its arguments, there is nothing to offer.
func (w Word) codes() []string {
	var all []string
	for _, a := range w.Args {
		all = append(all, a.code())
	}
	if w.First {
		all = append(all, Arg{}.code())
	}
	return all
}

// mark is what follows a keyword in the lists of the scripts: "*" where it may be repeated, "!" where it has to be the first word.
func (w Word) mark() string {
	switch {
	case w.First:
		return "!"
	case w.Many:
		return "*"
	}
	return ""
}

// fill replaces names between @ in a script.
func fill(script string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(script)
}

// quote makes one word of a text for bash and zsh.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
