package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// module is the name in go.mod.
const module = "viamillipede"

// layer is a folder, with those below it, and its height. A package imports lower layers and its own.
type layer struct {
	dir    string
	height int
}

// layers are the layout of the tree; the first that matches a folder counts.
var layers = []layer{
	{"engine/wire1/inflow", 5},
	{"engine/wire1/outflow", 5},
	{"engine/wire1", 1},
	{"engine/wire", 1},
	{"engine/ring", 1},
	{"engine/prbs", 1},
	{"engine/schedule", 1},
	{"engine/parties", 1},
	{"engine/tune", 1},
	{"engine/seal", 1},
	{"engine/sealed", 5},
	{"engine/sidechain", 2},
	{"engine/loop", 2},
	{"engine/window", 2},
	{"netio/host", 0},
	{"netio/dial", 2},
	{"netio", 1},
	{"bufpool", 1},
	{"affinity", 1},
	{"engine/observe", 3},
	{"engine/internal", 4},
	{"engine/resume", 4},
	{"engine/send/ingest", 5},
	{"engine/ways", 5},
	{"engine/send/zero", 5},
	{"engine/send/reach", 6},
	{"engine/send/relief", 6},
	{"engine/send/course", 6},
	{"engine/send", 7},
	{"engine/doors", 5},
	{"engine/house", 6},
	{"engine/receive/egress", 5},
	{"engine/receive/claims", 5},
	{"engine/receive/stage", 5},
	{"engine/receive/decode", 6},
	{"engine/receive/inspect", 5},
	{"engine/receive/fate", 6},
	{"engine/receive/store", 6},
	{"engine/receive", 7},
	{"engine/rig", 9},
	{"engine", 8},
	{"bench", 10},
	{"cmd", 11},
	{"tools", 12},
}

// testSupport are folders of packages for tests, and for the tools that measure. They may import what tests may. The
// program never contains them: nothing that it is built from may import them.
var testSupport = []string{"netio/lab", "engine/enginetest", "engine/internal/stream/streamtest", "engine/observe/observetest"}

// kernel are the packages whose exported names are mostly system calls.
var kernel = []string{
	"syscall", "golang.org/x/sys", "github.com/vishvananda", "github.com/mdlayher", "github.com/cilium/ebpf",
	"github.com/moby/sys",
}

// asking are those of them that ask the kernel and wait for the answer.
var asking = []string{"github.com/vishvananda", "github.com/mdlayher", "github.com/cilium/ebpf"}

// kernelUsers may import them; cmd may import syscall, for the numbers of signals.
var kernelUsers = []string{"netio", "bufpool", "affinity", "bench", "tools"}

// benchUsers may import the packages of the measuring commands: cmd, which has those commands, and the programs that read
// and judge the same figures.
var benchUsers = []string{"bench", "cmd", "tools"}

// rigUsers may set hooks (engine/rig): those who measure. So may tests.
var rigUsers = []string{"bench", "tools"}

func checkImports(s source) []breach {
	var breaches []breach
	for _, spec := range s.syn.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the compiler reports that
		}
		if rule, text := importBreach(s, name); rule != "" {
			breaches = append(breaches, breach{s.file, s.line(spec.Pos()), rule, text})
		}
	}
	return breaches
}

// importBreach returns the rule that an import breaks and what is wrong, or two empty strings.
func importBreach(s source, name string) (rule, text string) {
	dir, ours := strings.CutPrefix(name, module+"/")
	switch {
	case name == "unsafe" && !mayBeUnsafe(s.file):
		return "unsafe", "imported by a file whose name does not end in _unsafe.go"
	case ours && within(dir, "tools") && !within(s.dir(), "tools"):
		return "layers", "tools are programs for developers, nobody imports them"
	case ours && within(dir, "bench") && !withinAny(s.dir(), benchUsers):
		return "layers", fmt.Sprintf("bench is for %s", strings.Join(benchUsers, ", "))
	case s.isTest() || withinAny(s.dir(), testSupport):
		return "", ""
	case withinAny(name, kernel) && !mayUseKernel(s.dir(), name):
		return "kernel", fmt.Sprintf("%s is for %s", name, strings.Join(kernelUsers, ", "))
	case ours && withinAny(dir, testSupport) && !within(s.dir(), "tools"):
		return "layers", fmt.Sprintf("%s is for tests and tools", dir)
	case s.dir() == "netio" && withinAny(name, asking):
		return "kernel", fmt.Sprintf("%s is for the packages below netio, which is the data path", name)
	case ours && within(dir, "engine/rig") && !withinAny(s.dir(), rigUsers):
		return "layers", fmt.Sprintf("engine/rig is for tests, %s", strings.Join(rigUsers, ", "))
	case ours && !pointsDown(s.dir(), dir):
		return "layers", fmt.Sprintf("%s imports %s: cmd -> engine -> its parts -> netio, bufpool, affinity", s.dir(), dir)
	}
	return "", ""
}

func mayBeUnsafe(file string) bool {
	return strings.HasSuffix(file, "_unsafe.go") || strings.HasSuffix(file, "_unsafe_test.go")
}

func mayUseKernel(dir, name string) bool {
	return withinAny(dir, kernelUsers) || within(dir, "cmd") && name == "syscall"
}

func pointsDown(from, to string) bool {
	above, below := layerOf(from), layerOf(to)
	return above.height > below.height || above == below
}

// layerOf gives height 0 to a folder that is not in the layout, so that it can import nothing of ours.
func layerOf(dir string) layer {
	for _, l := range layers {
		if within(dir, l.dir) {
			return l
		}
	}
	return layer{dir: dir}
}

// within reports whether a path is the folder or below it.
func within(name, dir string) bool {
	rest, ok := strings.CutPrefix(name, dir)
	return ok && (rest == "" || rest[0] == '/')
}

func withinAny(name string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return within(name, dir) })
}
