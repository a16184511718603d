package main

import (
	"math"
	"strconv"
	"strings"
)

// parseSize reads a number of bytes: decimal digits and, optionally, k, M or G in either case for 2^10, 2^20 or 2^30, which iB
// may follow. Everything else is not a size: signs, fractions, spaces, and what does not fit in an int64.
func parseSize(word string) (bytes int64, ok bool) {
	digits, binary := strings.CutSuffix(word, "iB")
	shift := 0
	if digits != "" {
		shift = unitShift(digits[len(digits)-1])
	}
	if shift > 0 {
		digits = digits[:len(digits)-1]
	}
	n, ok := parseNumber(digits)
	if !ok || binary && shift == 0 || n > math.MaxInt64>>shift {
		return 0, false
	}
	return n << shift, true
}

// binarySize is a size that ends in kB, MB or GB with the unit that is near it here; "" if the word is none. It is not taken for that:
// to many it is a power of ten.
func binarySize(word string) string {
	bare := strings.TrimRight(word, "bB")
	if _, ok := parseSize(bare); !ok || len(word) != len(bare)+1 || parsesAsNumber(bare) {
		return ""
	}
	return bare
}

func parsesAsNumber(word string) bool {
	_, ok := parseNumber(word)
	return ok
}

// unitShift is the power of two that a size's last letter stands for, 0 for what is not a unit.
func unitShift(unit byte) int {
	switch unit {
	case 'k', 'K':
		return 10
	case 'm', 'M':
		return 20
	case 'g', 'G':
		return 30
	}
	return 0
}

// sizeText writes a size the way that parseSize reads it, with the largest unit that leaves no fraction.
func sizeText(bytes int64) string {
	for _, unit := range "GMK" {
		if shift := unitShift(byte(unit)); bytes > 0 && bytes&(1<<shift-1) == 0 {
			return strconv.FormatInt(bytes>>shift, 10) + string(unit)
		}
	}
	return strconv.FormatInt(bytes, 10)
}

// parseNumber reads decimal digits and nothing else: no sign, no underscore, no base.
func parseNumber(word string) (n int64, ok bool) {
	if word == "" || strings.Trim(word, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(word, 10, 64)
	return n, err == nil
}
