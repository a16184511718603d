package main

import (
	"fmt"
)

// keyword is one entry of the command line's grammar. The same entry drives parsing, error lines and help.
type keyword struct {
	name    string
	alias   []string // other spellings
	args    []argument
	many    bool          // may be given more than once
	ofPath  bool          // belongs to the tx before it: once for each
	first   bool          // a command with a grammar of its own, which only the first word of the line can be
	far     bool          // the other end that ssh starts is told, too
	initial string        // the default as the help text shows it, or ""
	gist    string        // one line for the list of keywords
	more    string        // what else "help <keyword>" says; lines of the text, or ""
	own     func() string // what follows that, where the keyword has others of its own, or nil
	set     func(inv *invocation)
}

// usage is the keyword with its arguments, as the help text shows it.
func (k keyword) usage() string {
	text := k.name
	for _, a := range k.args {
		if a.optional != nil {
			text += " [" + a.name + "]"
			continue
		}
		text += " " + a.name
	}
	return text
}

// names lists every spelling of the keywords.
func names(keywords []keyword) []string {
	var all []string
	for _, k := range keywords {
		all = append(append(all, k.name), k.alias...)
	}
	return all
}

// find looks a word up in the grammar.
func find(keywords []keyword, word string) (keyword, bool) {
	for _, k := range keywords {
		if k.name == word {
			return k, true
		}
		for _, a := range k.alias {
			if a == word {
				return k, true
			}
		}
	}
	return keyword{}, false
}

// expectedKeyword is the error of a word that is not a keyword: it says what was meant, or which command line lists the keywords.
func expectedKeyword(word string, keywords []keyword, lists string) error {
	hint := didYouMean(respelt(word, keywords))
	if hint == "" {
		hint = suggest(word, names(keywords))
	}
	if hint == "" {
		hint = fmt.Sprintf("; %q lists them", lists)
	}
	return usageError("expected a keyword, found %q%s", word, hint)
}
