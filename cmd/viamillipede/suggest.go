package main

import (
	"strconv"
	"strings"
)

// maxSlips is how many wrong, missing, extra or swapped letters still make a near miss.
const maxSlips = 2

// suggest completes an error line with the choice that the word was probably meant to be, or with nothing.
func suggest(word string, choices []string) string { return didYouMean(nearest(word, choices)) }

// didYouMean completes an error line with what was meant; "" is nothing.
func didYouMean(meant string) string {
	if meant == "" {
		return ""
	}
	return "; did you mean " + strconv.Quote(meant) + "?"
}

// foreign are words of other programs, without their dashes, and those that stand for them here.
var foreign = map[string]string{
	"v": "verbose 1", "vv": "verbose 2", "vvv": "verbose 3", "q": "verbose 0", "quiet": "verbose 0", "V": "version",
	"l": "rx", "s": "rx", "listen": "rx", "server": "rx", "receive": "rx", "recv": "rx",
	"c": "tx", "client": "tx", "send": "tx",
	"P": "threads", "parallel": "threads", "streams": "threads", "connections": "threads",
	"timeout": "giveup", "bwlimit": "rate", "bandwidth": "rate", "encrypt": "key", "password": "key",
}

// respelt is how to write here what stands in the manner of other programs: "--threads=16" is "threads 16", and "-v" is "verbose 1".
// "" is that the word is not of that manner, or that nobody knows what it means.
func respelt(word string, keywords []keyword) string {
	bare := strings.TrimLeft(word, "-")
	name, value, valued := strings.Cut(bare, "=")
	if bare == word && !valued && foreign[word] == "" {
		return ""
	}
	meant := strings.ToLower(name)
	if _, ok := find(keywords, meant); !ok {
		if meant = foreign[name]; meant == "" {
			meant = nearest(name, names(keywords))
		}
	}
	first, _, whole := strings.Cut(meant, " ")
	k, ok := find(keywords, first)
	switch {
	case !ok:
		return ""
	case valued && value != "" && !whole && len(k.args) > 0:
		return meant + " " + value
	}
	return meant
}

// nearest is the choice that the word was probably meant to be, or "".
func nearest(word string, choices []string) string {
	word = strings.ToLower(strings.TrimLeft(word, "-"))
	best, fewest := "", maxSlips+1
	for _, choice := range choices {
		// A word that shares too little with the choice is another word: "tx" is not a slip for "rx", nor "node" for "json".
		if n := slips(word, choice); n < fewest && 5*n <= 2*len(choice) {
			best, fewest = choice, n
		}
	}
	return best
}

// slips counts the letters to change, add, drop or swap with their neighbour to make b of a.
func slips(a, b string) int {
	if len(a) > len(b)+maxSlips || len(b) > len(a)+maxSlips {
		return maxSlips + 1
	}
	older, old := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := range len(a) {
		now := make([]int, len(b)+1)
		now[0] = i + 1
		for j := range len(b) {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			now[j+1] = min(old[j]+change, old[j+1]+1, now[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], older[j-1]+1)
			}
		}
		older, old = old, now
	}
	return old[len(b)]
}
