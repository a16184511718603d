package main_test

import (
	"slices"
	"strings"
)

// digest shortens what a program said: of the goroutines that it printed, the lines of the engine.
func digest(said string) string {
	const most = 32 << 10
	said, _, _ = strings.Cut(said, "\nrax ") // registers, at the very end
	var kept []string
	for part := range strings.SplitSeq(said, "\n\n") {
		if strings.HasPrefix(part, "goroutine ") {
			part = engineLines(part)
		}
		if part != "" {
			kept = append(kept, part)
		}
	}
	text := strings.Join(kept, "\n")
	return text[:min(most, len(text))]
}

// engineLines keeps a goroutine's first line and its calls in the engine; it gives "" where there are none.
func engineLines(goroutine string) string {
	lines := strings.Split(goroutine, "\n")
	calls := slices.DeleteFunc(lines[1:], func(line string) bool {
		return !strings.HasPrefix(line, "viamillipede/") // places in files begin with a tab
	})
	if len(calls) == 0 {
		return ""
	}
	return lines[0] + "\n  " + strings.Join(calls, "\n  ")
}
