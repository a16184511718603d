package shells

import (
	"fmt"
	"strings"
)

const bashScript = `# @PROGRAM@(1): completion for bash, made by "@PROGRAM@ completion bash".

# Sets takes to what follows keyword $2 on a line of kind $1; false: it is no keyword there.
__@PROGRAM@_takes() {
	case "$1 $2" in
@TAKES@	*) return 1 ;;
	esac
}

# Sets words to the keywords of a line of kind $1: with * they may be repeated, and with ! they have to come first.
__@PROGRAM@_words() {
	case $1 in
@WORDS@	esac
}

# Adds what an argument $1 may be to COMPREPLY.
__@PROGRAM@_argument() {
	local part parts
	IFS=, read -ra parts <<<"$1"
	for part in "${parts[@]}"; do
		case $part in
		@) ;;
		@file)
			compopt -o filenames 2>/dev/null
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
			;;
		@dir)
			compopt -o filenames 2>/dev/null
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur")
			;;
		@host) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -A hostname -- "$cur") ;;
		@command) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$cur") ;;
		@device) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$(command ls /sys/class/net 2>/dev/null)" -- "$cur") ;;
		*) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$part" -- "$cur") ;;
		esac
	done
}

_@PROGRAM@() {
	local cur=${COMP_WORDS[COMP_CWORD]} line=@FIRST@ from=1 used=' ' i word known takes words
	local -a pending=()
	COMPREPLY=()
	if ((COMP_CWORD > 1)); then
		case ${COMP_WORDS[1]} in
@ONES@		esac
	fi
	if ((COMP_CWORD > 2)); then
		case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
@TWOS@		esac
	fi
	for ((i = from; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]} known=
		__@PROGRAM@_takes "$line" "$word" && known=1
		while [[ $known && ${pending[0]-} == \?* && ,${pending[0]#\?}, != *,"$word",* ]]; do
			pending=("${pending[@]:1}")
		done
		if ((${#pending[@]})); then
			pending=("${pending[@]:1}")
		elif [[ $known ]]; then
			read -ra pending <<<"$takes"
			used+="$word "
		fi
	done
	for word in "${pending[@]}"; do
		__@PROGRAM@_argument "${word#\?}"
		[[ $word == \?* ]] || return 0
	done
	__@PROGRAM@_words "$line"
	for word in $words; do
		case $word in
		*!) ((COMP_CWORD == 1)) || continue ;;
		*\*) ;;
		*) [[ $used != *" $word "* ]] || continue ;;
		esac
		word=${word%[*!]}
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
	return 0
}

complete -F _@PROGRAM@ @PROGRAM@
`

func bash(program string, lines []Line) string {
	var takes, words, ones, twos strings.Builder
	for _, l := range lines {
		var list []string
		for _, w := range l.Words {
			fmt.Fprintf(&takes, "\t%s) takes=%s ;;\n", quote(l.Name+" "+w.Name), quote(strings.Join(w.codes(), " ")))
			list = append(list, w.Name+w.mark())
		}
		fmt.Fprintf(&words, "\t%s) words=%s ;;\n", l.Name, quote(strings.Join(list, " ")))
		to := map[int]*strings.Builder{1: &ones, 2: &twos}[len(l.After)]
		if to != nil {
			fmt.Fprintf(to, "\t\t%s) line=%s from=%d pending=(%s) ;;\n", quote(strings.Join(l.After, " ")), l.Name, l.Skip+1, bashList(l.Begin))
		}
	}
	return fill(bashScript, "@PROGRAM@", program, "@TAKES@", takes.String(), "@WORDS@", words.String(), "@FIRST@", lines[0].Name,
		"@ONES@", ones.String(), "@TWOS@", twos.String())
}

func bashList(args []Arg) string {
	var all []string
	for _, a := range args {
		all = append(all, quote(a.code()))
	}
	return strings.Join(all, " ")
}
