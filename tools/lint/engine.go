package main

import (
	"go/ast"
	"go/token"
)

// units are the constants of package time in which times are written.
var units = map[string]bool{
	"Nanosecond": true, "Microsecond": true, "Millisecond": true, "Second": true, "Minute": true, "Hour": true,
}

// polling are the names of netio that only a loop needs.
var polling = map[string]bool{"Poller": true, "NewPoller": true, "Wake": true, "NewWake": true}

// checkEngine looks below engine for time constants outside engine/schedule, and for waiting on descriptors outside a
// loop.
func checkEngine(s source) []breach {
	if !within(s.dir(), "engine") || s.isTest() || withinAny(s.dir(), testSupport) {
		return nil
	}
	var breaches []breach
	if !within(s.dir(), "engine/schedule") {
		for _, decl := range s.syn.Decls {
			if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.CONST {
				breaches = append(breaches, uses(s, d, "time", units, "clocks", "is a time: all are in engine/schedule/params.go")...)
			}
		}
	}
	if !within(s.dir(), "engine/loop") {
		breaches = append(breaches, uses(s, s.syn, "netio", polling, "loop", "is for engine/loop")...)
	}
	return breaches
}

// uses returns a breach for each of the package's names that the node uses.
func uses(s source, node ast.Node, pkg string, names map[string]bool, rule, text string) (breaches []breach) {
	ast.Inspect(node, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && names[sel.Sel.Name] {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == pkg {
				breaches = append(breaches, breach{s.file, s.line(n.Pos()), rule, pkg + "." + sel.Sel.Name + " " + text})
			}
		}
		return true
	})
	return breaches
}
