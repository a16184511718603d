package shells

import (
	"fmt"
	"strings"
)

const fishScript = `# @PROGRAM@(1): completion for fish, made by "@PROGRAM@ completion fish".

# Prints what follows keyword $argv[2] on a line of kind $argv[1], a line for each word; false: it is no keyword there.
function __@PROGRAM@_takes
    switch "$argv[1] $argv[2]"
@TAKES@        case '*'
            return 1
    end
    return 0
end

# Prints the keywords of a line of kind $argv[1], each with a tab and its gist: with * before the tab they may be repeated, and with !
# they have to come first.
function __@PROGRAM@_words
    switch $argv[1]
@WORDS@    end
end

# Prints what an argument $argv[1] may be.
function __@PROGRAM@_argument
    for part in (string split , -- $argv[1])
        switch $part
            case @
            case @file
                __fish_complete_path (commandline -ct)
            case @dir
                __fish_complete_directories (commandline -ct)
            case @host
                __fish_print_hostnames
            case @device
                command ls /sys/class/net 2>/dev/null
            case @command
                __fish_complete_command
            case '*'
                echo $part
        end
    end
end

function __@PROGRAM@_complete
    set -l given (commandline -opc)
    set -e given[1]
    set -l line @FIRST@
    set -l from 1
    set -l pending
    set -l used
    switch "$given[1]"
@ONES@    end
    switch "$given[1] $given[2]"
@TWOS@    end
    set -l rest
    if test (count $given) -ge $from
        set rest $given[$from..-1]
    end
    for word in $rest
        set -l known no
        set -l takes (__@PROGRAM@_takes $line $word)
        and set known yes
        while test $known = yes; and string match -q '\?*' -- "$pending[1]"; and not contains -- $word (string split , -- (string sub -s 2 -- $pending[1]))
            set -e pending[1]
        end
        if set -q pending[1]
            set -e pending[1]
        else if test $known = yes
            set pending $takes
            set -a used $word
        end
    end
    for word in $pending
        __@PROGRAM@_argument (string replace -r '^\?' '' -- $word)
        string match -q '\?*' -- $word
        or return 0
    end
    __@PROGRAM@_words $line | while read -l -d \t name gist
        switch $name
            case '*!'
                set -q given[1]
                and continue
            case '*\*'
            case '*'
                contains -- $name $used
                and continue
        end
        printf '%s\t%s\n' (string replace -r '[*!]$' '' -- $name) $gist
    end
end

complete -c @PROGRAM@ -f -k -a '(__@PROGRAM@_complete)'
`

func fish(program string, lines []Line) string {
	var takes, words, ones, twos strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&words, "        case %s\n", l.Name)
		for _, w := range l.Words {
			fmt.Fprintf(&takes, "        case %s\n", fishQuote(l.Name+" "+w.Name))
			for _, code := range w.codes() {
				fmt.Fprintf(&takes, "            echo %s\n", fishQuote(code))
			}
			fmt.Fprintf(&words, "            printf '%%s\\t%%s\\n' %s %s\n", fishQuote(w.Name+w.mark()), fishQuote(w.Gist))
		}
		to := map[int]*strings.Builder{1: &ones, 2: &twos}[len(l.After)]
		if to != nil {
			var begin strings.Builder
			for _, a := range l.Begin {
				begin.WriteString(" " + fishQuote(a.code()))
			}
			fmt.Fprintf(to, "        case %s\n            set line %s\n            set from %d\n            set pending%s\n",
				fishQuote(strings.Join(l.After, " ")), l.Name, l.Skip+1, begin.String())
		}
	}
	return fill(fishScript, "@PROGRAM@", program, "@TAKES@", takes.String(), "@WORDS@", words.String(), "@FIRST@", lines[0].Name,
		"@ONES@", ones.String(), "@TWOS@", twos.String())
}

// fishQuote makes one word of a text.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
