package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"viamillipede/tools/internal/machine"
)

// describe is the header: what was measured, where, and with which commands.
func describe(ctx context.Context, set settings) string {
	var t strings.Builder
	t.WriteString(machine.Header())
	line := func(name, text string) { fmt.Fprintf(&t, "- %s: %s\n", name, text) }
	line("program", machine.Version(ctx, set.bin))
	if set.before != "" {
		line("program before", machine.Version(ctx, set.before))
	}
	line("streams", fmt.Sprintf("%g GiB, %d rounds, pipes of 1 MiB, write -> read", set.gib, set.rounds))
	line("user", user(os.Geteuid()))
	for _, c := range contenders(set) {
		line(c.name, commands(set, c))
	}
	for _, p := range peers(set) {
		if why := set.absent[p.name]; why != "" && set.wants(p.name) {
			line(p.name, "absent, "+why)
		}
	}
	for _, program := range peerPrograms(set) {
		line("version of "+program, peerVersion(ctx, program))
	}
	return t.String()
}

// user says what the kernel permits this user, which decides how viamillipede moves a stream.
func user(id int) string {
	if id == 0 {
		return "root"
	}
	return "not root: what needs root has no figure, and pipes are copied from"
}

// commands are the commands of a contender, without this machine's folders.
func commands(set settings, c contender) string {
	if c.tx == nil {
		return "`gen | sink`"
	}
	names := []string{set.bin, "viamillipede", set.self, "figures"}
	if set.secrets.dir != "" {
		names = append(names, set.secrets.key, "KEY", set.secrets.cert, "CERT")
	}
	if set.before != "" {
		names = append(names, set.before, "viamillipede-before")
	}
	shorten := strings.NewReplacer(names...)
	switch {
	case c.remote:
		return shorten.Replace(fmt.Sprintf("`gen | %s`", strings.Join(c.tx, " ")))
	case c.alone:
		return fmt.Sprintf("`%s` to `%s`, BYTES those of a stream", strings.Join(c.tx, " "), strings.Join(c.rx, " "))
	}
	if c.rx == nil {
		return fmt.Sprintf("`%s <file >file`", strings.Join(c.tx, " "))
	}
	tx, rx := "gen | "+strings.Join(c.tx, " "), strings.Join(c.rx, " ")+" | sink"
	if c.feed == feedFile {
		tx = strings.Join(c.tx, " ") + " <file"
	}
	switch c.drain {
	case drainFile:
		rx = strings.Join(c.rx, " ") + " >file"
	case drainNull:
		rx = strings.Join(c.rx, " ") + " >" + os.DevNull
	}
	return shorten.Replace(fmt.Sprintf("`%s` to `%s`", tx, rx))
}
