package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"viamillipede/netio/lab"
)

// path is what lies between the ends.
type path struct {
	name string
	bits uint64 // a second; 0: as much as there is
}

var (
	slow  = path{"100 Mbit/s", 100e6}
	fast  = path{"1 Gbit/s", 1e9}
	local = path{"no limit", 0}
)

// row is a stream that is measured: a command of the shell at each side.
type row struct {
	path   path
	name   string
	of     data
	random bool
	tx, rx string
	mark   string                                                   // a file that is made once all of the source was read
	ready  string                                                   // a file that the receiver writes to once it listens
	before func(context.Context, *lab.Lab) (stop func(), err error) // what has to run at the receiver; nil: nothing
	coder  string                                                   // the program's own words for its chain, if its coders' time is to be read; else ""

	samples []sample
	failed  []error
}

// yields is said of a row whose receiver has only the CPU time that the sender leaves.
const yields = ", the receiver yields"

const port = "8834" // nobody else is in the namespaces

// rows are all rows whose programs are here. absent has a line for the header if some are not.
func (set settings) rows(ctx context.Context, net *lab.Lab, m *material) (rows []*row, absent string) {
	var missing []string
	missed := func(name string) bool {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
			return true
		}
		return false
	}
	for _, p := range []path{slow, fast, local} {
		if !set.wants(p) {
			continue
		}
		of := m.tar
		if p == slow {
			of = m.part
		}
		add := func(name string, of data, tx, rx string) *row {
			r := &row{path: p, name: name, of: of, tx: tx, rx: rx, ready: m.ready(), mark: filepath.Join(m.dir, "mark")}
			rows = append(rows, r)
			return r
		}
		ours := func(name string, of data, words string) *row {
			r := add(name, of, set.sends(net, words), set.receives(m, ""))
			r.coder = "sidechain"
			return r
		}
		add("none", of, set.sends(net, ""), set.receives(m, ""))
		ours("`sidechain auto`", of, "sidechain auto")
		if p != local {
			ours("`sidechain zstd`", of, "sidechain zstd")
		}
		for _, c := range []struct{ program, there, back string }{{"zstd", "zstd -q -T0 -c", "zstd -q -dc"}, {"pigz", "pigz -c", "pigz -dc"}} {
			if p != local && !missed(c.program) {
				add(fmt.Sprintf("`%s \\| viamillipede tx`", strings.Replace(c.there, " -q", "", 1)), of, c.there+" | "+set.sends(net, ""), set.receives(m, "")+" | "+c.back)
			}
		}
		if p != local && !missed("ssh") && !missed("sshd") && !missed("ssh-keygen") {
			s := &server{dir: m.dir, address: net.Address(lab.RX, 0)}
			r := add("`ssh -C`", of, s.sends(), "")
			r.before = s.start
		}
		if p != local {
			add("none", m.random, set.sends(net, ""), set.receives(m, "")).random = true
			ours("`sidechain auto`", m.random, "sidechain auto").random = true
			continue
		}
		for _, level := range []string{"s2", "zstd", "zstd:2", "zstd:3", "gzip:1"} {
			ours("`sidechain "+level+"`", of, "sidechain "+level)
		}
		if !missed("gzip") {
			r := ours("`sidechain 'gzip -1'`", of, "sidechain 'gzip -1'")
			r.rx = set.receives(m, "sidechain 'gzip -d'")
			serial := add("`gzip -1 -c \\| viamillipede tx`", of, "gzip -1 -c | "+set.sends(net, ""), set.receives(m, "")+" | gzip -dc")
			for _, r := range []*row{r, serial} { // the sender has the CPUs, as it has on a host of its own
				add(r.name+yields, of, r.tx, "nice -n 19 sh -c '"+strings.ReplaceAll(r.rx, "'", `'"'"'`)+"'").coder = r.coder
			}
		}
	}
	if len(missing) > 0 {
		absent = "- absent: " + strings.Join(missing, ", ") + "\n"
	}
	return rows, absent
}

// wants reports whether a path is to be measured.
func (set settings) wants(p path) bool {
	if len(set.only) == 0 {
		return true
	}
	for _, name := range set.only {
		if name == fmt.Sprint(p.bits/1e6) {
			return true
		}
	}
	return false
}

// sends and receives are the program's own ends, as commands of the shell.
func (set settings) sends(net *lab.Lab, words string) string {
	return fmt.Sprintf("%s tx %s %s verbose 1 %s", set.bin, net.Address(lab.RX, 0), port, words)
}

func (set settings) receives(m *material, words string) string {
	return fmt.Sprintf("%s rx %s ready %s verbose 1 %s", set.bin, port, m.ready(), words)
}
