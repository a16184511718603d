package main

import (
	"fmt"
	"go/ast"
	"go/token"
)

// spoken are methods whose meaning the standard library defines.
var spoken = map[string]bool{"Error": true, "Unwrap": true, "Is": true, "String": true}

// checkNames looks for exported names without a comment. Tests, generated files and programs are left alone: nobody
// reads their documentation.
func checkNames(s source) []breach {
	if s.isTest() || s.syn.Name.Name == "main" || ast.IsGenerated(s.syn) {
		return nil
	}
	var breaches []breach
	for _, decl := range s.syn.Decls {
		for _, name := range bareNames(decl) {
			breaches = append(breaches, breach{s.file, s.line(name.Pos()), "docs", name.Name + " has no comment"})
		}
	}
	return breaches
}

// bareNames returns the exported names of a declaration that have no comment.
func bareNames(decl ast.Decl) []*ast.Ident {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && !isQuietMethod(d) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		if d.Tok == token.IMPORT || d.Doc != nil {
			return nil
		}
		var bare []*ast.Ident
		for _, spec := range d.Specs {
			bare = append(bare, bareSpec(spec)...)
		}
		return bare
	}
	return nil
}

// bareSpec is bareNames for one line of a group that has no comment of its own. One at the end of the line counts.
func bareSpec(spec ast.Spec) []*ast.Ident {
	var names []*ast.Ident
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Doc == nil && s.Comment == nil {
			names = []*ast.Ident{s.Name}
		}
	case *ast.ValueSpec:
		if s.Doc == nil && s.Comment == nil {
			names = s.Names
		}
	}
	var bare []*ast.Ident
	for _, name := range names {
		if name.IsExported() {
			bare = append(bare, name)
		}
	}
	return bare
}

// isQuietMethod reports whether a function is a method that no documentation shows, or one that needs no explanation.
func isQuietMethod(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return false
	}
	receiver := d.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if index, ok := receiver.(*ast.IndexExpr); ok {
		receiver = index.X
	}
	name, ok := receiver.(*ast.Ident)
	return spoken[d.Name.Name] || ok && !name.IsExported()
}

// checkPackages looks for packages without a comment.
func checkPackages(sources []source) []breach {
	var breaches []breach
	told := map[string]bool{}
	for _, s := range sources {
		told[s.dir()] = told[s.dir()] || s.syn.Doc != nil
	}
	for _, s := range sources {
		if s.isTest() || told[s.dir()] {
			continue
		}
		told[s.dir()] = true // one line per package
		text := fmt.Sprintf("package %s has no comment", s.syn.Name.Name)
		breaches = append(breaches, breach{s.file, s.line(s.syn.Name.Pos()), "docs", text})
	}
	return breaches
}
