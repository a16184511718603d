package main

import "strings"

// maxSlips is how many wrong, missing, extra or swapped letters still make a near miss.
const maxSlips = 2

// suggest completes an error line with the choice that the word was probably meant to be, or with nothing.
func suggest(word string, choices []string) string {
	word = strings.ToLower(strings.TrimLeft(word, "-"))
	best, fewest := "", maxSlips+1
	for _, choice := range choices {
		// A word that shares too little with the choice is another word: "tx" is not a slip for "rx", nor "node" for "json".
		if n := slips(word, choice); n < fewest && 5*n <= 2*len(choice) {
			best, fewest = choice, n
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean \"" + best + "\"?"
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
