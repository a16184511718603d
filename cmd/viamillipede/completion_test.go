package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"viamillipede/cmd/viamillipede/internal/shells"
)

// asks are how each shell is asked what may stand at the end of a command line: by a script of $1, the completions, and what follows, the
// words before the cursor and the one at it. It prints a line for each candidate. The files of the folder are candidates, too.
var asks = map[string][]string{
	"bash": {"bash", "--norc", "-c", `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _viamillipede; printf '%s\n' "${COMPREPLY[@]}"`, "bash"},
	"zsh": {"zsh", "-f", "-c", `source "$1"; typeset -a found classes; __viamillipede_find "${@[3,-2]}"
		for f in $found; do f=${f%%:*}; [[ $f == ${@[-1]}* ]] && print -r -- $f; done
		[[ -n ${classes[(r)file]} ]] && print -rl -- ${@[-1]}*(N); true`, "zsh"},
	"fish": {"fish", "--no-config", "-c", `source $argv[1]; complete -C (string join ' ' -- $argv[2..-1]) | string replace -r '\t.*' ''; true`},
}

// TestCompletions: in each shell that is here, what may stand at the cursor is offered, and what may not is not.
func TestCompletions(t *testing.T) {
	for _, shell := range shells.Names {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skipf("there is no %s here", shell)
			}
			dir := t.TempDir()
			script := filepath.Join(dir, "script")
			var text strings.Builder
			if err := writeCompletion(&text, shell); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(script, []byte(text.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			here := filepath.Join(dir, "here")
			if err := os.Mkdir(here, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(here, "some.key"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			for _, c := range completions {
				words := append([]string{"viamillipede"}, strings.Split(c.line, " ")...)
				ask := slices.Concat(asks[shell], []string{script}, words)
				cmd := exec.CommandContext(t.Context(), ask[0], ask[1:]...)
				cmd.Dir = here
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%q: %v\n%s", c.line, err, out)
				}
				got := strings.Fields(string(out))
				for _, want := range strings.Fields(c.has) {
					if !slices.Contains(got, want) {
						t.Errorf("%q offers %q, and not %s", c.line, got, want)
					}
				}
				for _, not := range strings.Fields(c.lacks) {
					if slices.Contains(got, not) {
						t.Errorf("%q offers %s", c.line, not)
					}
				}
			}
		})
	}
}

// completions are command lines up to the cursor, and some of what may stand there and what may not.
var completions = []struct{ line, has, lacks string }{
	{"", "rx tx threads help bench lanes completion terminate pty", "flows seconds"},
	{"thr", "threads", "rx"},
	{"rx ", "threads io", "rx1 help bench flows seconds auto"},
	{"rx thr", "threads", "tx"},
	{"rx threads ", "auto", "verbose tx"},
	{"rx threads 4 ", "verbose", "threads"},
	{"rx threads 4 io ", "auto copy splice", "threads verbose"},
	{"tx host1 8834 tx host2 v", "via verbose", "threads"},
	{"tx host1 via eth0 tx host2 rate 1M ", "via rate tx", "help"},
	{"rx checksum c", "cpus connect", "checksum"},
	{"rx profile ", "cpu heap trace", "tx"},
	{"rx key ", "some.key", "threads"},
	{"bench ", "local rx tx diff", "threads"},
	{"bench local ", "seconds sweep threads pipes", "via flows tx"},
	{"bench local seconds 3 sweep ", "threads io", "seconds"},
	{"bench rx ", "dataport threads", "seconds sweep"},
	{"bench tx host1 8834 s", "seconds sweep", "dataport"},
	{"bench diff ", "some.key", "threshold"},
	{"bench diff some.key some.key ", "threshold only", "threads"},
	{"bench diff a b threshold 5% ", "only", "threshold"},
	{"lanes ", "rx tx", "threads local"},
	{"lanes tx host1 8834 ", "flows svg", "threads"},
	{"help ", "paths threads all seconds", "help1"},
	{"doctor j", "json", "threads"},
	{"doctor json ", "", "threads verbose"},
	{"completion ", "bash zsh fish", "rx"},
}
