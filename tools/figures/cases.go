package main

import (
	"context"
	"slices"
	"time"
)

// Names of rows that others refer to.
const (
	rowLimit    = "limit"
	rowPipe     = "local pipe"
	rowDefault  = "threads 16"
	rowBefore   = "threads 16 before"
	rowFour     = "threads 4"
	rowOne      = "threads 1"
	rowMany     = "threads 64"
	rowLeg      = "leg " // followed by the size
	rowCopy     = "io copy"
	rowSplice   = "io splice"
	rowVLimit   = "vmsplice to splice: limit"
	rowVSplice  = "vmsplice to splice: io splice"
	rowVRelay   = "vmsplice to splice: copy relay"
	rowVAuto    = "vmsplice to splice: io auto"
	rowFRelay   = "file to file: sendfile relay"
	rowFile     = "file to file"
	rowNRelay   = "file to null: sendfile relay"
	rowNull     = "file to null"
	rowChecksum = "checksum"
	rowChaos    = "chaos 100"
	rowKilled   = "killed every 50 ms"
	rowVisited  = "strangers at the door"
	rowSocat    = "socat"
	rowMbuffer  = "mbuffer"
	rowNC       = "nc"
	rowMPTCP    = "socat over MPTCP"
	rowSSH      = "ssh"
	rowIperf    = "iperf3"
	rowLife     = "life of tx"
	rowEmpty    = "life of an empty program"
	rowVersion  = "life of viamillipede version"
	rowIdle     = "idle, nothing sent"
	rowPaused   = "idle, links up"
	rowSwitches = "context switches"
	rowPeakTX   = "peak memory, tx"
	rowPeakRX   = "peak memory, rx"
)

// legSizes are the sizes to measure besides the default, 1M, which every other row has.
func legSizes() []string { return []string{"16k", "64k", "256k", "4M"} }

func rowNames() []string {
	names := []string{rowLimit, rowPipe, rowDefault, rowBefore, rowFour, rowOne, rowMany, rowCopy, rowSplice, rowVLimit, rowVSplice, rowVRelay,
		rowVAuto, rowFRelay, rowFile, rowNRelay, rowNull, rowChecksum, rowChaos, rowKilled, rowVisited, rowSocat,
		rowMbuffer, rowNC, rowMPTCP, rowSSH, rowIperf, rowLife, rowEmpty, rowVersion, rowIdle, rowPaused, rowSwitches, rowPeakTX, rowPeakRX}
	for _, size := range legSizes() {
		names = append(names, rowLeg+size)
	}
	return names
}

// contenders are the streams to compare, in the order of their turns: those that are wanted and available.
func contenders(set settings) []contender {
	rx, tx := commandsOf(set.bin)
	ours := func(name string, kills time.Duration, words ...string) contender {
		return contender{name: name, rx: rx, tx: append(slices.Clone(tx), words...), kills: kills}.told()
	}
	all := []contender{
		{name: rowLimit, rx: []string{set.self, "limit-rx", "PORT"}, tx: []string{set.self, "limit-tx", "PORT"}},
		{name: rowPipe},
		mainCase(rowDefault, set.bin).told(),
		mainCase(rowBefore, set.before),
		ours(rowFour, 0, "threads", "4"),
		ours(rowOne, 0, "threads", "1"),
		ours(rowMany, 0, "threads", "64"),
		ours(rowCopy, 0, "threads", "16", "io", "copy"),
		ours(rowSplice, 0, "threads", "16", "io", "splice"),
		ours(rowChecksum, 0, "threads", "16", "checksum"),
		ours(rowChaos, 0, "threads", "16", "chaos", "100"),
		ours(rowKilled, 50*time.Millisecond, "threads", "16"),
		ours(rowVisited, 0, "threads", "16"),
	}
	for i := range all {
		switch all[i].name {
		case rowChecksum:
			all[i].rx = append(slices.Clone(rx), "checksum")
		case rowVisited:
			all[i].strangers = true
		}
	}
	for _, size := range legSizes() {
		all = append(all, ours(rowLeg+size, 0, "threads", "16", "leg", size))
	}
	all = append(all, planes(set)...)
	for _, p := range peers(set) {
		if set.absent[p.name] == "" {
			all = append(all, p.contender)
		}
	}
	return slices.DeleteFunc(all, func(c contender) bool {
		return !set.wants(c.name) || c.name == rowBefore && set.before == ""
	})
}

// commandsOf are both ends of a viamillipede.
func commandsOf(bin string) (rx, tx []string) {
	return []string{bin, "rx", "PORT"}, []string{bin, "tx", "127.0.0.1", "PORT"}
}

// mainCase is the stream that most rows are about, moved by one of the programs.
func mainCase(name, bin string) contender {
	rx, tx := commandsOf(bin)
	return contender{name: name, rx: rx, tx: append(tx, "threads", "16")}
}

// planes are the streams that do not go from write(2) to read(2), each next to a relay that does as little as possible.
func planes(set settings) []contender {
	vmsplice := func(name string, rx, tx []string) contender {
		return contender{name: name, rx: rx, tx: tx, feed: feedVmsplice, drain: drainSplice}
	}
	file := func(name, drain string, rx, tx []string) contender {
		return contender{name: name, rx: rx, tx: tx, feed: feedFile, drain: drain}
	}
	rx, tx := commandsOf(set.bin)
	limitRX := []string{set.self, "limit-rx", "PORT"}
	fileRX, fileTX := []string{set.self, "file-rx", "PORT"}, []string{set.self, "file-tx", "PORT"}
	return []contender{
		vmsplice(rowVLimit, limitRX, []string{set.self, "limit-tx", "PORT"}),
		vmsplice(rowVSplice, rx, append(slices.Clone(tx), "io", "splice")).told(),
		vmsplice(rowVRelay, limitRX, []string{set.self, "copy-tx", "PORT"}),
		vmsplice(rowVAuto, rx, tx).told(),
		file(rowFRelay, drainFile, fileRX, fileTX),
		file(rowFile, drainFile, rx, tx).told(),
		file(rowNRelay, drainNull, fileRX, fileTX),
		file(rowNull, drainNull, rx, tx).told(),
	}
}

// measurement is one turn of a round; take adds to the rows of the board.
type measurement struct {
	name string
	take func(ctx context.Context)
}

// measurements are the turns of one round: first the streams, then the small measurements.
func measurements(set settings, b *board) []measurement {
	var all []measurement
	for _, c := range contenders(set) {
		all = append(all, measurement{c.name, func(ctx context.Context) {
			s, err := measure(ctx, set, c)
			b.stream(c.name, s, err)
		}})
	}
	small := []measurement{
		{rowLife, func(ctx context.Context) { takeLives(ctx, set, b) }},
		{rowIdle, func(ctx context.Context) { takeIdle(ctx, set, b, rowIdle, 0) }},
		{rowPaused, func(ctx context.Context) { takeIdle(ctx, set, b, rowPaused, pausedAfter) }},
		{rowSwitches, func(ctx context.Context) { takeCounts(ctx, set, b) }},
		{rowPeakTX, func(ctx context.Context) { takePeaks(ctx, set, b) }},
	}
	for _, m := range small {
		if set.wants(m.name) {
			all = append(all, m)
		}
	}
	return all
}
