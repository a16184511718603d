package main

import (
	"fmt"
	"regexp"
	"strconv"
)

// sum is what the measurements use of a sender's final summary.
type sum struct {
	bytes  uint64
	lost   int    // links
	resent uint64 // bytes
	path   string // how payload moved
}

var summaryLine = regexp.MustCompile(
	`(\d+) bytes \(.*?, (\d+) links lost.*, (\d+) bytes resent.*, engine path: ([^\n]*)`)

// parseSummary finds the summary in what a sender said at verbose 1.
func parseSummary(text string) (sum, error) {
	m := summaryLine.FindStringSubmatch(text)
	if m == nil {
		return sum{}, fmt.Errorf("no summary in %q", text)
	}
	var s sum
	var err [3]error
	s.bytes, err[0] = strconv.ParseUint(m[1], 10, 64)
	s.lost, err[1] = strconv.Atoi(m[2])
	s.resent, err[2] = strconv.ParseUint(m[3], 10, 64)
	s.path = m[4]
	for _, e := range err {
		if e != nil {
			return sum{}, e
		}
	}
	return s, nil
}
