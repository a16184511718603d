package engine_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"viamillipede/engine/rig"
)

// gateBytes are in front of the first record of an end that dials (SPEC.md, "Gate").
const gateBytes = 32

// firstFlight is more than an end that dials sends first, in bytes. A change of it is taken for another key, which ends a stream at once.
const firstFlight = 1600

// handRecords is hand for a middleman who looks at records: it hands over what he makes of each.
func (m *tap) handRecords(link int, forth bool, from, to net.Conn) {
	defer func() { to.(*net.TCPConn).CloseWrite() }()
	if forth {
		if _, err := io.CopyN(to, from, gateBytes); err != nil {
			return
		}
	}
	for n := 0; ; n++ {
		record := make([]byte, 5)
		if _, err := io.ReadFull(from, record); err != nil {
			return
		}
		record = append(record, make([]byte, binary.BigEndian.Uint16(record[3:]))...)
		if _, err := io.ReadFull(from, record[5:]); err != nil {
			return
		}
		for _, r := range m.meddle(link, forth, n, record) {
			if _, err := to.Write(r); err != nil {
				from.Close()
				return
			}
		}
	}
}

// meddling is what a middleman does to one record. Others are records that went the other way, and over other links and streams.
type meddling struct {
	name string
	with func(record, next, reflected, foreign []byte) [][]byte
}

var meddlings = []meddling{
	{"left out", func(_, next, _, _ []byte) [][]byte { return [][]byte{next} }},
	{"repeated", func(r, next, _, _ []byte) [][]byte { return [][]byte{r, r, next} }},
	{"swapped", func(r, next, _, _ []byte) [][]byte { return [][]byte{next, r} }},
	{"cut", func(r, next, _, _ []byte) [][]byte { return [][]byte{r[:len(r)-3], next} }},
	{"cut, and its length mended", func(r, next, _, _ []byte) [][]byte {
		short := bytes.Clone(r[:len(r)-3])
		binary.BigEndian.PutUint16(short[3:], uint16(len(short)-5))
		return [][]byte{short, next}
	}},
	{"reflected", func(r, next, reflected, _ []byte) [][]byte { return [][]byte{reflected, r, next} }},
	{"of another link", func(r, next, _, foreign []byte) [][]byte { return [][]byte{foreign, r, next} }},
	{"replaced by one of another link", func(_, next, _, foreign []byte) [][]byte { return [][]byte{foreign, next} }},
}

// meddler does one meddling to a record of the first link of which all that it takes has been seen.
type meddler struct {
	how   meddling
	forth bool

	mu     sync.Mutex
	seen   map[int]*[2][]byte // guarded by mu, as is all below: the last record of each link in each direction; forth is 0
	victim int                // the link, once held is set
	held   []byte             // the record to meddle with, until the next one comes
	done   bool
}

// handshakeRecords are more than a handshake has in a direction.
const handshakeRecords = 6

func (d *meddler) meddle(link int, forth bool, n int, record []byte) [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n < handshakeRecords {
		return [][]byte{record}
	}
	last := d.seen[link]
	if last == nil {
		last = new([2][]byte)
		d.seen[link] = last
	}
	way, other := 0, 1
	if !forth {
		way, other = 1, 0
	}
	last[way] = record
	foreign := d.foreign(link, way)
	switch {
	case d.done || forth != d.forth || last[other] == nil || foreign == nil:
		return [][]byte{record}
	case d.held == nil:
		d.victim, d.held = link, record
		return nil
	case link != d.victim:
		return [][]byte{record}
	}
	d.done = true
	return d.how.with(d.held, record, last[other], foreign)
}

// foreign is a record of another link that went the same way; nil: none was seen yet.
func (d *meddler) foreign(link, way int) []byte {
	for k, last := range d.seen {
		if k != link && last[way] != nil {
			return last[way]
		}
	}
	return nil
}

// TestRecordsOutOfPlace: a middleman who leaves records out, repeats, swaps, cuts or reflects them, or brings those of another link, costs
// the stream a link, and not a byte.
func TestRecordsOutOfPlace(t *testing.T) {
	data := known(30000)
	for i, how := range meddlings {
		for _, forth := range []bool{true, false} {
			if testing.Short() && forth != (i%2 == 0) {
				continue
			}
			t.Run(fmt.Sprintf("%s forth %v", how.name, forth), func(t *testing.T) {
				t.Parallel()
				d := &meddler{how: how, forth: forth, seen: map[int]*[2][]byte{}}
				got, rxErr, txErr := sealedStream(t, &tap{meddle: d.meddle}, data, theKey, theKey, rig.Hooks{Timing: meddled()})
				if rxErr != nil || txErr != nil || !bytes.Equal(got, data) {
					t.Fatalf("%d bytes of %d, %v, %v", len(got), len(data), rxErr, txErr)
				}
				if !d.done {
					t.Log("nothing was done: the stream was over before") // the others show it
				}
			})
		}
	}
}

// TestEveryBit: whatever bit of a short stream a middleman changes, the stream ends whole, over another link. Of the first flight see
// firstFlight. Every bit takes some minutes; see everySeed.
func TestEveryBit(t *testing.T) {
	data := known(4)
	step := 331
	switch {
	case *everySeed:
		step = 1
	case testing.Short():
		step = 1999
	}
	for _, forth := range []bool{true, false} {
		t.Run(fmt.Sprint("forth ", forth), func(t *testing.T) {
			t.Parallel()
			begin := 8 * 2 // an answer that does not begin as one of TLS is one in the clear
			if forth {
				begin = 8 * firstFlight
			}
			// The last bits are those that no stream had any more.
			var bit, beyond atomic.Int64
			bit.Store(int64(begin))
			var workers sync.WaitGroup
			for range 4 {
				workers.Go(func() {
					for beyond.Load() < 8 && !t.Failed() {
						if !flipped(t, data, forth, int(bit.Add(int64(step)))) {
							beyond.Add(1)
						}
					}
				})
			}
			workers.Wait()
			t.Logf("%d bits", bit.Load()-int64(begin))
		})
	}
}

// flipped sends a stream of which that bit of the first link is changed, and reports whether there was one.
func flipped(t *testing.T, data []byte, forth bool, bit int) bool {
	var done atomic.Bool
	m := &tap{change: func(link int, way bool, at int, b []byte) {
		if i := bit/8 - at; link == 0 && way == forth && i >= 0 && i < len(b) {
			b[i] ^= 1 << (bit % 8)
			done.Store(true)
		}
	}}
	got, rxErr, txErr := sealedStream(t, m, data, theKey, theKey, rig.Hooks{Timing: meddled()})
	if rxErr != nil || txErr != nil || !bytes.Equal(got, data) {
		t.Errorf("bit %d, forth %v: %d bytes of %d, %v, %v", bit, forth, len(got), len(data), rxErr, txErr)
	}
	return done.Load()
}
