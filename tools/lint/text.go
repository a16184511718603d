package main

import (
	"path"
	"regexp"
	"strings"
)

// The patterns are assembled from parts so that this file does not match itself.
var (
	// leftOpen is a mark that something is still to be done.
	leftOpen = regexp.MustCompile(`\b(?:TO` + `DO|FIX` + `ME)\b`)

	// machinePath is an absolute path that means something only on a developer's machine. What precedes the slash
	// distinguishes it from the middle of a relative path or an address.
	machinePath = regexp.MustCompile(`(?:^|[^\w.~)}/-])/(?:work|root|home/\w+)(?:/|\b)`)
)

func checkText(file, content string) []breach {
	if path.Base(file) == "go.sum" {
		return nil // hashes can spell anything
	}
	var breaches []breach
	line := 0
	for text := range strings.Lines(content) {
		line++
		if mark := leftOpen.FindString(text); mark != "" {
			breaches = append(breaches, breach{file, line, "text", mark + " is left"})
		}
		if machinePath.MatchString(text) {
			breaches = append(breaches, breach{file, line, "text", "a path of somebody's machine"})
		}
	}
	return breaches
}
