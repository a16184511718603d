package main

import (
	"context"
	"fmt"
	"strings"

	"viamillipede/bench/internal/report"
)

// describe is the header: what was measured, where, and by which commands.
func describe(ctx context.Context, set settings) string {
	var t strings.Builder
	t.WriteString(report.Machine())
	line := func(name, text string) { fmt.Fprintf(&t, "- %s: %s\n", name, text) }
	line("program", report.Version(ctx, set.bin))
	if set.before != "" {
		line("program before", report.Version(ctx, set.before))
	}
	line("streams", fmt.Sprintf("%g GiB, %d rounds, pipes of 1 MiB, write -> read", set.gib, set.rounds))
	for _, c := range contenders(set) {
		line(c.name, commands(set, c))
	}
	return t.String()
}

// commands are those of a contender, without the folders of this machine.
func commands(set settings, c contender) string {
	if c.rx == nil {
		return "`gen | sink`"
	}
	names := []string{set.bin, "viamillipede", set.self, "figures"}
	if set.before != "" {
		names = append(names, set.before, "viamillipede-before")
	}
	shorten := strings.NewReplacer(names...)
	text := fmt.Sprintf("`gen | %s` to `%s | sink`", strings.Join(c.tx, " "), strings.Join(c.rx, " "))
	return shorten.Replace(text)
}
