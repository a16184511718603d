package main

import (
	"io"
	"slices"
	"strings"

	"viamillipede/cmd/viamillipede/internal/shells"
)

// completionWord prints a script that completes our command lines.
func completionWord() keyword {
	return keyword{
		name: "completion", args: []argument{shellName()},
		set:  func(inv *invocation) { inv.question = "completion" },
		gist: "a script that completes command lines in a shell",
		more: `
Packages have it where the shell looks for it. Otherwise:
"source <(viamillipede completion bash)" in .bashrc;
"viamillipede completion zsh" into a file _viamillipede in a folder of fpath;
"viamillipede completion fish" into ~/.config/fish/completions/viamillipede.fish.`,
	}
}

// shellName is a shell.
func shellName() argument {
	return choice(shells.Names, func(inv *invocation, name string) { inv.topic = name })
}

// writeCompletion writes the script for a shell.
func writeCompletion(w io.Writer, shell string) error {
	return shells.Write(w, shell, "viamillipede", commandLines())
}

// commandLines are the kinds of command lines, as shells complete them.
func commandLines() []shells.Line {
	lines := []shells.Line{
		{Name: "stream", Words: shellWords(grammar())},
		{Name: lanesWord, After: []string{lanesWord}, Skip: 1, Words: shellWords(lanesGrammar())},
		{
			Name: "bench-diff", After: []string{benchWord, benchDiff}, Skip: 2, Begin: []shells.Arg{{Class: shells.File}, {Class: shells.File}},
			Words: []shells.Word{
				{Name: thresholdWord, Gist: "the change for the worse that is allowed", Args: []shells.Arg{{}}},
				{Name: onlyWord, Gist: "compare the rows of that name, or of that unit", Args: []shells.Arg{{}}, Many: true},
			},
		},
	}
	for _, kind := range benchKinds {
		if kind == benchDiff {
			continue
		}
		l := shells.Line{Name: "bench-" + kind, After: []string{benchWord, kind}, Skip: 1, Words: shellWords(benchTable(kind))}
		if kind == benchLocal {
			l.Skip = 2
		}
		lines = append(lines, l)
	}
	return lines
}

// shellWords are the keywords as a shell completes them.
func shellWords(table []keyword) []shells.Word {
	asking := names(questions())
	var all []shells.Word
	for _, k := range table {
		w := shells.Word{Name: k.name, Gist: k.gist, Many: k.many || k.ofPath, First: k.first || slices.Contains(asking, k.name)}
		for _, a := range k.args {
			w.Args = append(w.Args, shellArg(a))
		}
		all = append(all, w)
	}
	return all
}

// shellArg is an argument as a shell completes it: by its name, in which what is meant literally is in small letters.
func shellArg(a argument) shells.Arg {
	arg := shells.Arg{Optional: a.optional != nil, Choices: slices.Clone(a.choices)}
	for part := range strings.SplitSeq(a.name, "|") {
		switch {
		case part == "KEYWORD":
			arg.Choices = names(topics())
			for _, c := range chapters() {
				arg.Choices = append(arg.Choices, c.name)
			}
			slices.Sort(arg.Choices)
			arg.Choices = slices.Compact(arg.Choices)
		case part == strings.ToLower(part) && !slices.Contains(arg.Choices, part):
			arg.Choices = append(arg.Choices, part)
		case shellClasses[part] != shells.Any:
			arg.Class = shellClasses[part]
		}
	}
	return arg
}

// shellClasses are the classes of arguments, by their names.
var shellClasses = map[string]shells.Class{
	"FILE": shells.File, "PATH": shells.File, "DIR": shells.Folder, "HOST": shells.Host, "DEST": shells.Host, "DEV": shells.Device, "COMMAND": shells.Command,
}
