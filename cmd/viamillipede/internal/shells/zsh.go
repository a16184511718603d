package shells

import (
	"fmt"
	"strings"
)

const zshScript = `#compdef @PROGRAM@
# @PROGRAM@(1): completion for zsh, made by "@PROGRAM@ completion zsh".

# Sets takes to what follows keyword $2 on a line of kind $1; false: it is no keyword there.
__@PROGRAM@_takes() {
	case "$1 $2" in
@TAKES@	(*) return 1 ;;
	esac
}

# Sets list to the keywords of a line of kind $1, each with a colon and its gist: with * before the colon they may be repeated, and
# with ! they have to come first.
__@PROGRAM@_words() {
	case $1 in
@WORDS@	esac
}

# Sets found to the words, each with a colon and its gist, and classes to the classes of words that may stand after those given.
__@PROGRAM@_find() {
	emulate -L zsh
	local line=@FIRST@ from=1 used=' ' word known takes name part
	local -a pending list given
	given=("$@")
	found=() classes=()
	case ${given[1]-} in
@ONES@	esac
	case "${given[1]-} ${given[2]-}" in
@TWOS@	esac
	for word in "${(@)given[from,-1]}"; do
		known=
		__@PROGRAM@_takes "$line" "$word" && known=1
		while [[ -n $known && ${pending[1]-} == \?* && ,${pending[1]#\?}, != *,"$word",* ]]; do
			shift pending
		done
		if (( $#pending )); then
			shift pending
		elif [[ -n $known ]]; then
			pending=(${=takes})
			used+="$word "
		fi
	done
	for word in "${(@)pending}"; do
		for part in ${(s:,:)word#\?}; do
			case $part in
			(@) ;;
			(@*) classes+=(${part#@}) ;;
			(*) found+=("$part") ;;
			esac
		done
		[[ $word == \?* ]] || return 0
	done
	__@PROGRAM@_words "$line"
	for word in "${(@)list}"; do
		name=${word%%:*}
		case $name in
		(*!) (( $#given == 0 )) || continue ;;
		(*\*) ;;
		(*) [[ $used != *" $name "* ]] || continue ;;
		esac
		found+=("${name%[*!]}:${word#*:}")
	done
}

_@PROGRAM@() {
	local -a found classes
	local class
	__@PROGRAM@_find "${(@)words[2,CURRENT-1]}"
	(( $#found )) && _describe -t keywords keyword found
	for class in $classes; do
		case $class in
		(file) _files ;;
		(dir) _files -/ ;;
		(host) _hosts ;;
		(device) _net_interfaces ;;
		(command) _command_names -e ;;
		esac
	done
}

if [[ ${funcstack[1]-} == _@PROGRAM@ ]]; then
	_@PROGRAM@ "$@"
elif (( $+functions[compdef] )); then
	compdef _@PROGRAM@ @PROGRAM@
fi
`

func zsh(program string, lines []Line) string {
	var takes, words, ones, twos strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&words, "\t(%s) list=(\n", l.Name)
		for _, w := range l.Words {
			fmt.Fprintf(&takes, "\t(%s) takes=%s ;;\n", quote(l.Name+" "+w.Name), quote(strings.Join(w.codes(), " ")))
			fmt.Fprintf(&words, "\t\t%s\n", quote(w.Name+w.mark()+":"+w.Gist))
		}
		words.WriteString("\t) ;;\n")
		to := map[int]*strings.Builder{1: &ones, 2: &twos}[len(l.After)]
		if to != nil {
			fmt.Fprintf(to, "\t(%s) line=%s from=%d pending=(%s) ;;\n", quote(strings.Join(l.After, " ")), l.Name, l.Skip+1, bashList(l.Begin))
		}
	}
	return fill(zshScript, "@PROGRAM@", program, "@TAKES@", takes.String(), "@WORDS@", words.String(), "@FIRST@", lines[0].Name,
		"@ONES@", ones.String(), "@TWOS@", twos.String())
}
