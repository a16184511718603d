package main

import (
	"fmt"
	"slices"
	"strings"
)

// ourRow is our row that a row of another program is compared with; "" for our own rows and for those that are not
// streams.
func ourRow(name string) string {
	kind, _, other := strings.Cut(name, ": ")
	switch {
	case slices.Contains([]string{rowLimit, rowRelay, rowPipe, rowSocat, rowMbuffer, rowNC, rowMPTCP, rowSSH, rowIperf}, name):
		return rowDefault
	case name == rowSSHFast || name == rowSocatTLS:
		return rowKey
	case !other || name == rowVSplice || name == rowVAuto:
		return ""
	case name == rowVLimit:
		return rowVSplice
	case kind+": " == caseVmsplice:
		return rowVAuto
	case kind+": " == caseFile:
		return rowFile
	case kind+": " == caseNull:
		return rowNull
	}
	return ""
}

// loss is one case that we lose.
type loss struct{ row, text string }

// losses are all cases that we lose: a row of another program whose median is above ours, or a missed aim. For the former
// it says whether the rounds overlap: then another run may turn out the other way.
func (b *board) losses() []loss {
	var all []loss
	for _, r := range b.rows {
		mine, his := b.median(ourRow(r.name)), b.median(r.name)
		if mine == 0 || his <= mine {
			continue
		}
		text := fmt.Sprintf("`%s` has %s, ours %s", r.name, r.figure(his), r.figure(mine))
		if slices.Max(b.row(ourRow(r.name)).values) > slices.Min(r.values) {
			text += " (the rounds overlap)"
		}
		all = append(all, loss{ourRow(r.name), text})
	}
	for _, a := range aims() {
		if !a.known(b) {
			continue
		}
		if got := a.judged(b); !a.met(got) {
			all = append(all, loss{a.row, strings.ReplaceAll(a.verdict(got), "*", "")})
		}
	}
	return all
}

// lost are the losses as lines, in the order of the rows.
func (b *board) lost() []string {
	var lines []string
	for _, r := range b.rows {
		for _, l := range b.losses() {
			if l.row == r.name {
				lines = append(lines, fmt.Sprintf("**lost**: `%s`: %s", l.row, l.text))
			}
		}
	}
	return lines
}

// outcome is a word for a row, "" if nothing is compared: for other programs, whether we lost to them; for ours, whether
// it is part of any loss.
func (b *board) outcome(name string) string {
	if mine := ourRow(name); mine != "" {
		switch his, own := b.median(name), b.median(mine); {
		case own == 0 || his == 0:
			return ""
		case his > own:
			return fmt.Sprintf("**lost** (%.2f of it)", own/his)
		default:
			return fmt.Sprintf("won (%.2f of it)", own/his)
		}
	}
	if slices.ContainsFunc(b.losses(), func(l loss) bool { return l.row == name }) {
		return "**lost**"
	}
	if slices.ContainsFunc(aims(), func(a aim) bool { return a.row == name && a.known(b) }) {
		return "won"
	}
	return ""
}
