package main

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"testing/fstest"
)

// tree makes a file system of names and contents in turn.
func tree(pairs ...string) fstest.MapFS {
	t := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		t[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return t
}

// pkg is a documented Go file that imports the packages named.
func pkg(name string, imports ...string) string {
	var b strings.Builder
	b.WriteString("// Package " + name + " is a fixture.\npackage " + name + "\n")
	for _, i := range imports {
		b.WriteString("import _ \"" + i + "\"\n")
	}
	return b.String()
}

// rooms is a package of so many files of 300 lines.
func rooms(dir string, n int) fstest.MapFS {
	t := fstest.MapFS{}
	for i := range n {
		t[fmt.Sprintf("%s/f%d.go", dir, i)] = &fstest.MapFile{Data: []byte(pkg(path.Base(dir)) + strings.Repeat("\n", 298))}
	}
	return t
}

// touring is an engine with a tour, and with these files.
func touring(comment string, files ...string) fstest.MapFS {
	t := tree("engine/doc.go", "// Package engine is a fixture.\n"+comment+"package engine\n")
	for _, f := range files {
		name, dir := path.Base(f), path.Base(path.Join("engine", path.Dir(f)))
		text := "package " + dir + "\n"
		if name != "b.go" {
			text = pkg(dir)
		}
		t["engine/"+f] = &fstest.MapFile{Data: []byte(text)}
	}
	return t
}

func TestBreach(t *testing.T) {
	for _, c := range []struct {
		name string
		tree fstest.MapFS
		want string // "" is none
	}{
		{"unsafe", tree("bufpool/a.go", pkg("bufpool", "unsafe")), "bufpool/a.go:3: unsafe: "},
		{"unsafe in a test", tree("bufpool/a_test.go", pkg("bufpool", "unsafe")), "bufpool/a_test.go:3: unsafe: "},
		{"unsafe, in its file", tree("bufpool/a_unsafe.go", pkg("bufpool", "unsafe")), ""},
		{"unsafe, in its test", tree("bufpool/a_unsafe_test.go", pkg("bufpool", "unsafe")), ""},

		{"x/sys in engine", tree("engine/a.go", pkg("engine", "golang.org/x/sys/unix")), "engine/a.go:3: kernel: "},
		{"x/sys in cmd", tree("cmd/v/a.go", pkg("main", "golang.org/x/sys/unix")), "cmd/v/a.go:3: kernel: "},
		{"syscall in wire", tree("engine/wire/a.go", pkg("wire", "syscall")), "engine/wire/a.go:3: kernel: "},
		{"netlink in engine", tree("engine/a.go", pkg("engine", "github.com/vishvananda/netlink")), "kernel: "},
		{"syscall in cmd", tree("cmd/v/a.go", pkg("main", "syscall")), ""},
		{"x/sys in netio", tree("netio/internal/sys/a.go", pkg("sys", "golang.org/x/sys/unix")), ""},
		{"x/sys in a test", tree("engine/a_test.go", pkg("engine", "golang.org/x/sys/unix")), ""},
		{"netlink in the lab", tree("netio/lab/a.go", pkg("lab", "github.com/vishvananda/netns")), ""},

		{"netio imports engine", tree("netio/a.go", pkg("netio", "viamillipede/engine")), "netio/a.go:3: layers: "},
		{"netio imports dial", tree("netio/a.go", pkg("netio", "viamillipede/netio/dial")), "netio/a.go:3: layers: "},
		{"dial imports netio", tree("netio/dial/a.go", pkg("dial", "viamillipede/netio", "viamillipede/netio/host")), ""},
		{"netlink in netio", tree("netio/a.go", pkg("netio", "github.com/vishvananda/netlink")), "netio/a.go:3: kernel: "},
		{"netlink in dial", tree("netio/dial/a.go", pkg("dial", "github.com/vishvananda/netlink")), ""},
		{"ring imports netio", tree("engine/ring/a.go", pkg("ring", "viamillipede/netio")), "layers: "},
		{"ring imports wire", tree("engine/ring/a.go", pkg("ring", "viamillipede/engine/wire")), "layers: "},
		{"decisions import netio", tree("engine/schedule/a.go", pkg("schedule", "viamillipede/netio")), "layers: "},
		{"a loop imports engine", tree("engine/loop/a.go", pkg("loop", "viamillipede/engine")), "layers: "},
		{"a loop imports netio", tree("engine/loop/a.go", pkg("loop", "viamillipede/netio", "viamillipede/affinity")), ""},
		{"wire imports engine", tree("engine/wire/a.go", pkg("wire", "viamillipede/engine")), "layers: "},
		{"engine imports cmd", tree("engine/a.go", pkg("engine", "viamillipede/cmd/x")), "layers: "},
		{"engine imports bench", tree("engine/a.go", pkg("engine", "viamillipede/bench")), "layers: "},
		{"a test imports bench", tree("netio/a_test.go", pkg("netio", "viamillipede/bench")), "layers: "},
		{"a test imports tools", tree("netio/a_test.go", pkg("netio", "viamillipede/tools/x")), "layers: "},
		{"cmd imports tools", tree("cmd/v/a.go", pkg("main", "viamillipede/tools/x")), "layers: "},
		{"engine imports enginetest", tree("engine/a.go", pkg("engine", "viamillipede/engine/enginetest")), "layers: "},
		{"cmd imports the lab", tree("cmd/v/a.go", pkg("main", "viamillipede/netio/lab")), "layers: "},
		{"netio imports the lab", tree("netio/a.go", pkg("netio", "viamillipede/netio/lab")), "layers: "},
		{"bench imports the lab", tree("bench/run/a.go", pkg("run", "viamillipede/netio/lab")), "layers: "},
		{"a test imports the lab", tree("cmd/v/a_test.go", pkg("main", "viamillipede/netio/lab")), ""},
		{"a program of the lab", tree("netio/lab/consume/a.go", pkg("main", "viamillipede/netio/lab")), ""},
		{"tools import the lab", tree("tools/x/a.go", pkg("main", "viamillipede/netio/lab")), ""},
		{"cmd sets hooks", tree("cmd/v/a.go", pkg("main", "viamillipede/engine/rig")), "layers: "},
		{"bench sets hooks", tree("bench/a.go", pkg("bench", "viamillipede/engine/rig")), ""},
		{"a new folder imports engine", tree("extra/a.go", pkg("extra", "viamillipede/engine")), "layers: "},
		{"engine imports its leaves", tree("engine/a.go",
			pkg("engine", "viamillipede/engine/wire", "viamillipede/engine/ring", "viamillipede/bufpool")), ""},
		{"netio imports its own", tree("netio/a.go", pkg("netio", "viamillipede/netio/internal/sys")), ""},
		{"tools import bench", tree("tools/x/a.go", pkg("main", "viamillipede/bench/x", "viamillipede/tools/internal/y")), ""},
		{"bench imports tools", tree("bench/a.go", pkg("bench", "viamillipede/tools/internal/x")), "layers: "},
		{"cmd imports bench", tree("cmd/v/a.go", pkg("main", "viamillipede/bench", "viamillipede/engine")), ""},

		{"a clock in engine", tree("engine/a.go", pkg("engine", "time")+"\nconst patience = 2 * time.Second\n"), "engine/a.go:5: clocks: "},
		{"a clock in a test", tree("engine/a_test.go", pkg("engine", "time")+"\nconst patience = 2 * time.Second\n"), ""},
		{"a clock in its place", tree("engine/schedule/a.go", pkg("schedule", "time")+"\nconst patience = 2 * time.Second\n"), ""},
		{"a unit in a formula", tree("engine/a.go", pkg("engine", "time")+"\nfunc f(d time.Duration) int { return int(d / time.Second) }\n"), ""},
		{"a poller in engine", tree("engine/a.go", pkg("engine", "viamillipede/netio")+"\nvar p *netio.Poller\n"), "engine/a.go:5: loop: "},
		{"a poller in a loop", tree("engine/loop/a.go", pkg("loop", "viamillipede/netio")+"\nvar p *netio.Poller\n"), ""},

		{"bare function", tree("netio/a.go", pkg("netio")+"\nfunc Dial() {}\n"), "netio/a.go:4: docs: Dial "},
		{"bare method", tree("netio/a.go", pkg("netio")+"\n// T is.\ntype T int\nfunc (T) Go() {}\n"), "docs: Go "},
		{"bare type", tree("netio/a.go", pkg("netio")+"\ntype Conn int\n"), "docs: Conn "},
		{"bare constant", tree("netio/a.go", pkg("netio")+"\nconst (\n\tA = 1 // one\n\tB = 2\n)\n"), "netio/a.go:6: docs: B "},
		{"bare package", tree("netio/a.go", "package netio\n"), "netio/a.go:1: docs: package netio "},
		{"group comment", tree("netio/a.go", pkg("netio")+"\n// Limits.\nconst (\n\tA = 1\n\tB = 2\n)\n"), ""},
		{"method of a hidden type", tree("netio/a.go", pkg("netio")+"\ntype t int\nfunc (*t) Close() {}\n"), ""},
		{"String", tree("netio/a.go", pkg("netio")+"\n// T is.\ntype T int\nfunc (T) String() string { return \"\" }\n"), ""},
		{"generated", tree("netio/a.go", "// Code generated by x. DO NOT EDIT.\n\n"+pkg("netio")+"var A int\n"), ""},

		{"a long file", tree("netio/a.go", pkg("netio")+strings.Repeat("\n", fileMost)), "netio/a.go:402: sizes: "},
		{"a long test", tree("netio/a_test.go", pkg("netio")+strings.Repeat("\n", fileMost)), ""},
		{"a file that is not too long", tree("netio/a.go", pkg("netio")+strings.Repeat("\n", fileMost-2)), ""},
		{"a large room", rooms("engine/send", roomMost/300+1), "engine/send/doc.go:1: sizes: "},
		{"a large package elsewhere", rooms("netio", roomMost/300+1), ""},

		{"a tour", touring("//	engine/send  out\n//	  a.go  first, and engine/ring/ring.go\n//	  b.go  then\n", "send/a.go", "ring/ring.go"),
			"engine/doc.go:4: tour: engine/send/b.go "},
		{"a tour of all", touring("//	engine/send  out\n//	  a.go  first\n// There is engine/ring too.\n", "send/a.go", "ring/ring.go"), ""},
		{"a tour without a folder", touring("//	engine/send  out\n", "send/a.go", "ring/ring.go"), "engine/ring:1: tour: "},
		{"a tour without a file", touring("//	engine/send  out\n", "send/a.go", "send/b.go"), "engine/send/b.go:1: tour: "},
		{"a tour with a file of its own", touring("// See b.go.\n", "b.go"), ""},

		{"work left in code", tree("netio/a.go", pkg("netio")+"// TO"+"DO: more\n"), "netio/a.go:3: text: "},
		{"work left in a document", tree("README.md", "one\nFIX"+"ME\n"), "README.md:2: text: "},
		{"machine path", tree("Makefile", "cp x /wo"+"rk/main\n"), "Makefile:1: text: "},
		{"machine path, quoted", tree("a.sh", "cd \"/ro"+"ot/x\"\n"), "a.sh:1: text: "},
		{"home of somebody", tree("README.md", "see /ho"+"me/anna/x\n"), "README.md:1: text: "},
		{"relative path", tree("README.md", "net/work/x, /homework, $(TOP)/root, ~/work\n"), ""},
		{"a built program", tree("tools/x/x", "\x7fELF\x02\x00"), "tools/x/x:1: built: "},
		{"an object for the kernel", tree("netio/x_bpfel.o", "\x7fELF\x02\x00"), ""},
		{"hashes", tree("go.sum", "x h1:TO"+"DO/\n"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := check(c.tree)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("found %v, want nothing", got)
			case c.want != "" && len(got) != 1:
				t.Errorf("found %v, want one breach with %q", got, c.want)
			case c.want != "" && !strings.Contains(got[0].String(), c.want):
				t.Errorf("found %v, want %q", got[0], c.want)
			}
		})
	}
}

func TestUnparsable(t *testing.T) {
	if _, err := check(tree("netio/a.go", "package\n")); err == nil {
		t.Error("a file that does not parse was accepted")
	}
}
