package main

import (
	"context"
	"slices"
	"time"

	"viamillipede/tools/internal/relay"
)

// Names of rows that others refer to.
const (
	rowLimit    = "limit"
	rowPipe     = "local pipe"
	rowDefault  = "threads 16"
	rowBefore   = "threads 16 before"
	rowFour     = "threads 4"
	rowOne      = "threads 1"
	rowLeg      = "leg 16k" // the smallest; all other rows have 1M, and tools/growth measures what is between
	rowRelay    = "copying relay"
	rowCopy     = "io copy"
	rowSplice   = "io splice"
	rowVLimit   = "vmsplice to splice: limit"
	rowVSplice  = "vmsplice to splice: io splice"
	rowVRelay   = "vmsplice to splice: copying relay"
	rowVAuto    = "vmsplice to splice: io auto"
	rowCat      = "file to file: cat"
	rowFRelay   = "file to file: sendfile relay"
	rowFile     = "file to file"
	rowNRelay   = "file to null: sendfile relay"
	rowNCopying = "file to null: copying relay"
	rowNull     = "file to null"
	rowChecksum = "checksum"
	rowKey      = "key"
	rowChaos    = "chaos 100"
	rowKilled   = "killed every 50 ms"
	rowVisited  = "strangers at the door"
	rowSocat    = "socat"
	rowMbuffer  = "mbuffer"
	rowNC       = "nc"
	rowMPTCP    = "socat over MPTCP"
	rowSSH      = "ssh"
	rowSSHFast  = "ssh with AES-GCM" // its fastest cipher
	rowSocatTLS = "socat with TLS"
	rowIperf    = "iperf3"
	rowLife     = "life of tx"
	rowLifeKey  = "life of tx with a key"
	rowEmpty    = "life of an empty program"
	rowVersion  = "life of viamillipede version"
	rowIdle     = "idle, nothing sent"
	rowPaused   = "idle, links up"
	rowSwitches = "context switches"
	rowPeakTX   = "peak memory, tx"
	rowPeakRX   = "peak memory, rx"
)

// How the names of rows begin whose streams do not go from write(2) to read(2).
const (
	caseVmsplice = "vmsplice to splice: "
	caseFile     = "file to file: "
	caseNull     = "file to null: "
)

func rowNames() []string {
	names := []string{rowLimit, rowRelay, rowPipe, rowDefault, rowBefore, rowFour, rowOne, rowCopy, rowSplice, rowVLimit, rowVSplice, rowVRelay,
		rowVAuto, rowCat, rowFRelay, rowFile, rowNRelay, rowNCopying, rowNull, rowChecksum, rowKey, rowChaos, rowKilled, rowVisited, rowLeg, rowSocat,
		rowMbuffer, rowNC, rowMPTCP, rowSSH, rowSSHFast, rowSocatTLS, rowIperf, rowLife, rowLifeKey, rowEmpty, rowVersion, rowIdle, rowPaused, rowSwitches, rowPeakTX, rowPeakRX}
	for _, kind := range []string{caseVmsplice, caseFile, caseNull} {
		for _, rival := range rivals() {
			names = append(names, kind+rival)
		}
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
		relayed(rowLimit, relay.Limit(set.self)),
		relayed(rowRelay, relay.Copying(set.self)),
		{name: rowPipe},
		mainCase(rowDefault, set.bin).told(),
		mainCase(rowBefore, set.before),
		ours(rowFour, 0, "threads", "4"),
		ours(rowOne, 0, "threads", "1"),
		ours(rowCopy, 0, "threads", "16", "io", "copy"),
		ours(rowSplice, 0, "threads", "16", "io", "splice"),
		ours(rowChecksum, 0, "threads", "16", "checksum"),
		ours(rowKey, 0, "threads", "16", "key", set.secrets.key),
		ours(rowChaos, 0, "threads", "16", "chaos", "100"),
		ours(rowKilled, 50*time.Millisecond, "threads", "16"),
		ours(rowVisited, 0, "threads", "16"),
		ours(rowLeg, 0, "threads", "16", "leg", "16k"),
	}
	for i := range all {
		switch all[i].name {
		case rowChecksum:
			all[i].rx = append(slices.Clone(rx), "checksum")
		case rowKey:
			all[i].rx = append(slices.Clone(rx), "key", set.secrets.key)
		case rowVisited:
			all[i].strangers = true
		}
	}
	all = append(all, planes(set)...)
	for _, p := range peers(set) {
		if set.absent[p.name] == "" {
			all = append(all, p.contender)
		}
	}
	return slices.DeleteFunc(all, func(c contender) bool {
		return !set.wants(c.name) || c.name == rowBefore && set.before == "" || c.name == rowKey && set.secrets.key == ""
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

// relayed is a stream through a relay.
func relayed(name string, r relay.Ends) contender { return contender{name: name, rx: r.RX, tx: r.TX} }

// between makes a stream go from one kind of end to another.
func (c contender) between(feed, drain string) contender {
	c.feed, c.drain = feed, drain
	return c
}

// planes are the streams that do not go from write(2) to read(2): each next to relays that do as little as possible, and to
// the programs that one would use otherwise.
func planes(set settings) []contender {
	rx, tx := commandsOf(set.bin)
	ours := func(name string, words ...string) contender {
		return contender{name: name, rx: rx, tx: append(slices.Clone(tx), words...)}.told()
	}
	var all []contender
	add := func(kind, feed, drain string, list ...contender) {
		for _, c := range append(list, rivalsIn(set, kind)...) {
			all = append(all, c.between(feed, drain))
		}
	}
	add(caseVmsplice, feedVmsplice, drainSplice,
		relayed(rowVLimit, relay.Limit(set.self)), ours(rowVSplice, "io", "splice"),
		relayed(rowVRelay, relay.Copying(set.self)), ours(rowVAuto))
	add(caseFile, feedFile, drainFile,
		contender{name: rowCat, tx: []string{"cat"}}, relayed(rowFRelay, relay.File(set.self)), ours(rowFile))
	add(caseNull, feedFile, drainNull,
		relayed(rowNRelay, relay.File(set.self)), relayed(rowNCopying, relay.CopyingFile(set.self)), ours(rowNull))
	return all
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
