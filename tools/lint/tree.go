package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// breach is one place where a rule is broken.
type breach struct {
	file string // slash-separated, below the root
	line int    // 1 is the first
	rule string
	text string
}

func (b breach) String() string { return fmt.Sprintf("%s:%d: %s: %s", b.file, b.line, b.rule, b.text) }

// source is one Go file of the tree.
type source struct {
	file string
	syn  *ast.File
	fset *token.FileSet
}

func (s source) dir() string           { return path.Dir(s.file) }
func (s source) isTest() bool          { return strings.HasSuffix(s.file, "_test.go") }
func (s source) line(at token.Pos) int { return s.fset.Position(at).Line }
func (s source) lines() int            { return s.fset.File(s.syn.Pos()).LineCount() }

// skipped are folders without sources of ours.
var skipped = []string{".git", "bin", "out"}

// check applies every rule to the tree and returns the breaches in the order of the files. It is an error if a file
// cannot be read or parsed.
func check(root fs.FS) ([]breach, error) {
	var breaches []breach
	var sources []source
	err := fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case !slices.Contains(skipped, file):
		case entry.IsDir():
			return fs.SkipDir
		default:
			return nil // in a worktree .git is a file
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		if bytes.IndexByte(content, 0) < 0 {
			breaches = append(breaches, checkText(file, string(content))...)
		}
		if bytes.HasPrefix(content, []byte("\x7fELF")) && path.Ext(file) != ".o" {
			breaches = append(breaches, breach{file, 1, "built", "a program, which go build made here"})
		}
		if path.Ext(file) != ".go" {
			return nil
		}
		s, err := parse(file, content)
		sources = append(sources, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		breaches = append(breaches, checkImports(s)...)
		breaches = append(breaches, checkNames(s)...)
		breaches = append(breaches, checkEngine(s)...)
	}
	breaches = append(breaches, checkPackages(sources)...)
	breaches = append(breaches, checkSizes(sources)...)
	return append(breaches, checkTour(sources)...), nil
}

func parse(file string, content []byte) (source, error) {
	fset := token.NewFileSet()
	syn, err := parser.ParseFile(fset, file, content, parser.ParseComments|parser.SkipObjectResolution)
	return source{file: file, syn: syn, fset: fset}, err
}
