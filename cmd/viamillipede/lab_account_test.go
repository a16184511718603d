package main_test

import (
	"path/filepath"

	"viamillipede/bench/result"
)

// account names the file with the final summary of an end, tx or rx.
func (s *stream) account(end string) string { return filepath.Join(s.dir, end+".json") }

// summary reads what an end, tx or rx, did, after it has ended.
func (s *stream) summary(end string) result.Result {
	s.t.Helper()
	f, err := result.Read(s.account(end))
	s.must(err)
	if len(f.Results) != 1 {
		s.t.Fatalf("%d results of %s", len(f.Results), end)
	}
	return f.Results[0]
}

// had demands how often something happened at an end, by the name that it has in the summary.
func (s *stream) had(end, what string, right func(float64) bool) {
	s.t.Helper()
	if n := s.summary(end).Values[what]; !right(n) {
		s.t.Errorf("%s: %s is %v", end, what, n)
	}
}

func none(n float64) bool { return n == 0 }
func some(n float64) bool { return n > 0 }

// resent gives the part of the stream that was sent again.
func (s *stream) resent() float64 { return s.summary("tx").Values["resent-B"] / float64(s.setup.size) }
