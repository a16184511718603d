package main

import (
	"fmt"
	"strconv"
	"time"

	"viamillipede/tools/internal/ends"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
	tib = 1 << 40
)

// load is what is moved, whoever moves it.
type load struct {
	bytes   uint64 // of all streams together
	streams int    // at once, each with a producer, two ends and a consumer of its own
	piece   int    // bytes of one write of the producer; 0: what is best
	feed    string // how the producer gives them
	drain   string // how the consumer takes them
}

// perGiB is a whole-stream figure for each GiB.
func (l load) perGiB(figure float64) float64 { return figure / (float64(l.bytes) / gib) }

// point is one value of what grows.
type point struct {
	name  string // the value
	words []string
	hosts int // addresses that the sender is given, each a path
	load  load
}

// sweep is one thing that grows.
type sweep struct {
	name, axis string
	command    string // what is run, in words
	points     []point
	long       []point // measured once, after the rounds
}

// plain is a load of one stream, written and read.
func plain(bytes uint64) load {
	return load{bytes: bytes, streams: 1, feed: ends.ByWrite, drain: ends.ByRead}
}

// usual is the load of the sweeps in which the load stays the same.
func usual() load { return plain(2 * gib) }

func threads(n int) []string { return []string{"threads", strconv.Itoa(n)} }

func sweeps() []sweep {
	all := []sweep{
		{name: "links", axis: "threads", command: "`tx 127.0.0.1 PORT threads N`, 2 GiB"},
		{name: "paths", axis: "paths", command: "`tx 127.0.0.1 PORT tx 127.0.0.2 PORT ... threads 16`, 2 GiB"},
		{name: "legs", axis: "largest leg, bytes", command: "`tx 127.0.0.1 PORT threads 16 leg SIZE`, 2 GiB"},
		{name: "writes", axis: "bytes of each write of the producer", command: "`tx 127.0.0.1 PORT threads 16`, at most 4 Mi writes and 2 GiB"},
		{name: "streams", axis: "streams at once", command: "`tx 127.0.0.1 PORT threads 16`, 4 GiB shared by all; rates include the start of all processes"},
		{name: "lengths", axis: "bytes of the stream", command: "`tx 127.0.0.1 PORT threads 16`"},
	}
	for _, n := range []int{1, 4, 16, 64} {
		all[0].points = append(all[0].points, point{name: strconv.Itoa(n), words: threads(n), hosts: 1, load: usual()})
	}
	for _, n := range []int{1, 2, 4, 8, 16} {
		all[1].points = append(all[1].points, point{name: strconv.Itoa(n), words: threads(16), hosts: n, load: usual()})
	}
	for _, size := range []string{"16k", "64k", "256k", "1M", "4M"} {
		all[2].points = append(all[2].points, point{name: size, words: append(threads(16), "leg", size), hosts: 1, load: usual()})
	}
	for _, piece := range []int{1, 16, 256, 4 * kib, 64 * kib} {
		l := plain(min(2*gib, uint64(piece)*4*mib))
		l.piece = piece
		all[3].points = append(all[3].points, point{name: size(uint64(piece)), words: threads(16), hosts: 1, load: l})
	}
	for _, n := range []int{1, 2, 4, 8, 16} {
		l := plain(4 * gib)
		l.streams = n
		all[4].points = append(all[4].points, point{name: strconv.Itoa(n), words: threads(16), hosts: 1, load: l})
	}
	for _, bytes := range []uint64{1 * gib, 4 * gib, 16 * gib} {
		all[5].points = append(all[5].points, point{name: size(bytes), words: threads(16), hosts: 1, load: plain(bytes)})
	}
	all[5].long = []point{{name: size(64 * gib), words: threads(16), hosts: 1, load: plain(64 * gib)}}
	return all
}

// longest are the lengths of the last stream, of which the first that there is time for is taken.
func longest() []uint64 { return []uint64{tib, 512 * gib, 256 * gib, 128 * gib} }

// compared is how much the relay, and the stream before the last one, move at the same speed as the last.
const compared = 32 * gib

// byReference is a stream that goes from vmsplice to splice, which is the fastest there is.
func byReference(bytes uint64) point {
	return point{
		name: size(bytes) + ", vmsplice", words: append(threads(16), "io", "splice"), hosts: 1,
		load: load{bytes: bytes, streams: 1, feed: ends.ByVMSplice, drain: ends.BySplice},
	}
}

// size is a number of bytes as the command line takes it.
func size(bytes uint64) string {
	for _, u := range []struct {
		unit uint64
		name string
	}{{tib, "T"}, {gib, "G"}, {mib, "M"}, {kib, "k"}} {
		if bytes >= u.unit && bytes%u.unit == 0 {
			return fmt.Sprintf("%d%s", bytes/u.unit, u.name)
		}
	}
	return strconv.FormatUint(bytes, 10)
}

// typical is how long one round takes on two quiet CPUs; what comes after the rounds takes lastly.
const (
	typical = 75 * time.Second
	lastly  = 4 * time.Minute
)
