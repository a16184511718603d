package main

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
)

// What somebody can read at one sitting, in lines.
const (
	fileMost = 400
	roomMost = 2700 // a package of the engine
)

// checkSizes looks for files, and packages of the engine, that are too long to be read at one sitting.
func checkSizes(sources []source) []breach {
	var breaches []breach
	rooms := map[string]int{}
	for _, s := range sources {
		if s.isTest() || ast.IsGenerated(s.syn) {
			continue
		}
		n := s.lines()
		if n > fileMost {
			breaches = append(breaches, breach{s.file, n, "sizes", fmt.Sprintf("%d lines, at most %d", n, fileMost)})
		}
		rooms[s.dir()] += n
	}
	for _, dir := range slices.Sorted(maps.Keys(rooms)) {
		if n := rooms[dir]; within(dir, "engine") && n > roomMost {
			text := fmt.Sprintf("%d lines in this package, at most %d", n, roomMost)
			breaches = append(breaches, breach{path.Join(dir, "doc.go"), 1, "sizes", text})
		}
	}
	return breaches
}
