package main

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// toured is the folder of which the comments of packages are a tour: that of the package itself names all folders below, and each
// names the files of its own. engine/x and engine/x/y.go are named as they are here; y.go is of the folder of the comment or, on
// an indented line, of the folder that such a line last began with.
const toured = "engine"

var (
	tourWord   = regexp.MustCompile(`\b` + toured + `(?:/\w+)+(?:\.go\b)?|[\w/]*\w\.go\b`)
	tourFolder = regexp.MustCompile(`^\t(` + toured + `(?:/\w+)+)(?:\s|$)`)
)

// checkTour looks for files that the tour names and that do not exist, and for folders and files that it does not name.
func checkTour(sources []source) []breach {
	there, seen := map[string]bool{}, map[string]bool{toured: true}
	var guides []source
	for _, s := range sources {
		if !within(s.dir(), toured) || s.isTest() || withinAny(s.dir(), testSupport) {
			continue
		}
		there[s.file], there[s.dir()] = true, true
		if s.syn.Doc != nil {
			guides = append(guides, s)
		}
	}
	if !slices.ContainsFunc(guides, func(s source) bool { return s.dir() == toured }) {
		return nil
	}
	var breaches []breach
	for _, s := range guides {
		seen[s.file] = true
		for _, n := range s.named() {
			if !there[n.name] {
				breaches = append(breaches, breach{s.file, n.line, "tour", n.name + " does not exist"})
			}
			if s.dir() == toured || path.Dir(n.name) == s.dir() {
				seen[n.name], seen[path.Dir(n.name)] = true, true
			}
		}
	}
	for name := range there {
		if !seen[name] {
			breaches = append(breaches, breach{name, 1, "tour", "is named in no package comment"})
		}
	}
	slices.SortFunc(breaches, func(a, b breach) int { return strings.Compare(a.String(), b.String()) })
	return breaches
}

// stop is a folder or file that a package comment names.
type stop struct {
	name string // below the root of the tree
	line int
}

// named returns the folders and files that the package comment names.
func (s source) named() (all []stop) {
	folder := s.dir()
	for _, c := range s.syn.Doc.List {
		text := strings.TrimPrefix(strings.TrimPrefix(c.Text, "//"), " ")
		if f := tourFolder.FindStringSubmatch(text); f != nil {
			folder = f[1]
		}
		for _, word := range tourWord.FindAllString(text, -1) {
			switch {
			case within(word, toured):
			case strings.HasPrefix(text, "\t"):
				word = path.Join(folder, word)
			default:
				word = path.Join(s.dir(), word)
			}
			all = append(all, stop{word, s.line(c.Pos())})
		}
	}
	return all
}
