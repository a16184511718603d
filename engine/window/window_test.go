package window

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"viamillipede/bufpool"
	"viamillipede/engine/wire"
)

// Sizes for the tests, in bytes.
const (
	legMost    = 4 << 10
	windowMost = 64 << 30
)

// windowModel is the window as one would write it without care for speed: sets of distances from the first leg. Links
// are played by the test.
type windowModel struct {
	w     *Window
	pool  *bufpool.Pool
	legs  []Leg
	first uint64

	next, delivered uint64 // distances from first, as are all numbers below
	credit          uint64
	received        map[uint64]bool
	waiting         map[uint64]bool
	taken           map[uint64]int // how often each leg was given to a link
	carriers        map[uint64]int // links that carry it now
	offered         map[uint64]bool
	resent          Counter
	links           [3]linkModel
	acks            []ackModel // sent by the peer and not come yet
	peer            map[uint64]bool
}

// linkModel is one link: legs that it carries, and those of them that it holds because it is not done sending.
type linkModel struct {
	carried []uint64
	holds   map[uint64]*Leg
}

type ackModel struct {
	received  map[uint64]bool
	delivered uint64
}

func newWindowModel(t *rapid.T) *windowModel {
	credit := rapid.IntRange(1, 12).Draw(t, "credit")
	first := rapid.OneOf(
		rapid.Just(uint64(0)),
		rapid.Uint64Range(math.MaxUint64-20, math.MaxUint64),
		rapid.Uint64Range(math.MaxInt64-10, math.MaxInt64+10),
	).Draw(t, "first")
	buffers := rapid.IntRange(1, 16).Draw(t, "buffers")
	pool, err := bufpool.New(bufpool.Config{Shards: 1, Buffers: buffers, Size: legMost})
	if err != nil {
		t.Fatal(err)
	}
	m := &windowModel{
		w: New(credit, first, windowMost), pool: pool, legs: make([]Leg, buffers), first: first, credit: uint64(credit),
		received: map[uint64]bool{}, waiting: map[uint64]bool{}, taken: map[uint64]int{}, peer: map[uint64]bool{},
		carriers: map[uint64]int{}, offered: map[uint64]bool{},
	}
	for i := range m.links {
		m.links[i].holds = map[uint64]*Leg{}
	}
	return m
}

func (m *windowModel) link(t *rapid.T) *linkModel {
	return &m.links[rapid.IntRange(0, len(m.links)-1).Draw(t, "link")]
}

// add makes a link carry a new leg.
func (m *windowModel) add(t *rapid.T) {
	if open := m.next-m.delivered < m.credit; m.w.Open() != open {
		t.Fatalf("open is %v; next %d, delivered %d, credit %d", !open, m.next, m.delivered, m.credit)
	} else if !open {
		t.Skip("no credit")
	}
	buf := m.pool.Get(0)
	if buf == nil {
		t.Skip("no buffer")
	}
	l := &m.legs[buf.Index()]
	l.buf, l.Length = buf, rapid.IntRange(1, legMost).Draw(t, "length")
	m.w.Add(l, time.Now())
	if l.Number != m.first+m.next {
		t.Fatalf("leg got number %d, want %d", l.Number, m.first+m.next)
	}
	k := m.link(t)
	k.carried, k.holds[m.next] = append(k.carried, m.next), l
	m.taken[m.next], m.carriers[m.next] = 1, 1
	m.w.OnItsWay(l.Number, 0, 0)
	m.next++
}

// take makes a link carry the first leg that must be sent again, or give it back at once.
func (m *windowModel) take(t *rapid.T) {
	l := m.w.Resend(anySize)
	if len(m.waiting) == 0 {
		if l != nil {
			t.Fatalf("took leg %d, none waits", l.Number)
		}
		return
	}
	n := slices.Min(slices.Collect(maps.Keys(m.waiting)))
	if l == nil || l.Number != m.first+n {
		t.Fatalf("took %+v, want leg %d of %v", l, m.first+n, m.waiting)
	}
	if rapid.Bool().Draw(t, "give back") {
		m.w.GiveBack(l)
		return
	}
	if m.taken[n]++; m.taken[n] > 1 {
		m.resent.add(l.Length)
	}
	delete(m.waiting, n)
	m.carriers[n] = 1
	m.w.OnItsWay(l.Number, 0, 0)
	k := m.link(t)
	k.carried, k.holds[n] = append(k.carried, n), l
}

func anySize(int, bool) bool { return true }

func atOnce(int) time.Duration { return 0 }

// offer has a link offer one of its legs to the others.
func (m *windowModel) offer(t *rapid.T) {
	k := m.link(t)
	if len(k.carried) == 0 {
		t.Skip("the link carries nothing")
	}
	n := rapid.SampledFrom(k.carried).Draw(t, "leg")
	want := !m.received[n] && !m.waiting[n] && m.carriers[n] == 1 && !m.offered[n]
	if m.w.Offer(m.first+n, time.Time{}, SameWay{}) != want {
		t.Fatalf("offer of leg %d gave %v", n, !want)
	}
	if want {
		m.offered[n] = true
	}
}

// rescue makes a link carry the first leg that is offered, or give it back at once.
func (m *windowModel) rescue(t *rapid.T) {
	for n := range m.offered {
		if m.received[n] || m.waiting[n] || m.carriers[n] != 1 {
			delete(m.offered, n)
		}
	}
	k := m.link(t)
	want := slices.Min(append(slices.Collect(maps.Keys(m.offered)), math.MaxUint64))
	if slices.Contains(k.carried, want) {
		t.Skip("the link carries it itself")
	}
	l, _ := m.w.Rescue(len(m.links), 1, false, time.Now(), time.Second, atOnce)
	if len(m.offered) == 0 {
		if l != nil {
			t.Fatalf("rescued leg %d, which is not offered", l.Number)
		}
		return
	}
	if l == nil || l.Number != m.first+want {
		t.Fatalf("rescued %+v, want leg %d", l, m.first+want)
	}
	if rapid.Bool().Draw(t, "give back") {
		m.w.GiveBack(l)
		return
	}
	delete(m.offered, want)
	m.taken[want]++
	m.resent.add(l.Length)
	m.carriers[want]++
	k.carried, k.holds[want] = append(k.carried, want), l
}

// sent makes a link give up its hold, with the last byte of the leg; the peer may now have it.
func (m *windowModel) sent(t *rapid.T) {
	k := m.link(t)
	for _, n := range slices.Sorted(maps.Keys(k.holds)) {
		k.holds[n].Drop()
		delete(k.holds, n)
		m.peer[n] = true
		return
	}
	t.Skip("nothing is being sent")
}

// lose ends a link.
func (m *windowModel) lose(t *rapid.T) {
	k := m.link(t)
	for _, l := range k.holds {
		l.Drop()
	}
	var numbers []uint64
	want := 0
	for _, n := range k.carried {
		numbers = append(numbers, m.first+n)
		if m.carriers[n]--; !m.received[n] && m.carriers[n] == 0 {
			m.waiting[n] = true
			delete(m.offered, n)
			want++
		}
	}
	if got := m.w.Lost(numbers, noLink); got != want {
		t.Fatalf("lost %d legs, want %d", got, want)
	}
	*k = linkModel{holds: map[uint64]*Leg{}}
}

// prune has a link forget what it need not remember.
func (m *windowModel) prune(t *rapid.T) {
	k := m.link(t)
	var numbers []uint64
	for _, n := range k.carried {
		numbers = append(numbers, m.first+n)
	}
	rest := m.w.Prune(numbers)
	for len(k.carried) > 0 && m.received[k.carried[0]] {
		k.carried = k.carried[1:]
	}
	if len(rest) != len(k.carried) {
		t.Fatalf("%d legs are left of %d, want %d", len(rest), len(numbers), len(k.carried))
	}
}

// say makes the peer send an ack for what it has, which comes whenever it comes.
func (m *windowModel) say(t *rapid.T) {
	all := cumulative(m.peer)
	m.acks = append(m.acks, ackModel{maps.Clone(m.peer), rapid.Uint64Range(0, all).Draw(t, "delivered")})
}

// cumulative is the least leg that is missing.
func cumulative(have map[uint64]bool) uint64 {
	n := uint64(0)
	for have[n] {
		n++
	}
	return n
}

// hear applies any of the acks that are under way, or one that came before.
func (m *windowModel) hear(t *rapid.T) {
	if len(m.acks) == 0 {
		t.Skip("no ack is under way")
	}
	m.take1(t, rapid.SampledFrom(m.acks).Draw(t, "ack"))
}

func (m *windowModel) take1(t *rapid.T, a ackModel) {
	base := cumulative(a.received)
	bits := make([]uint64, 1)
	for n := range a.received {
		if n > base {
			bits[0] |= 1 << (n - base - 1)
		}
	}
	news, err := m.w.Acked(wire.Ack{Received: m.first + base, Delivered: m.first + a.delivered, Bitmap: bits}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	want := a.delivered > m.delivered
	m.delivered = max(m.delivered, a.delivered)
	for n := range a.received {
		want = want || !m.received[n]
		m.received[n] = true
		delete(m.waiting, n)
	}
	if news != want {
		t.Fatalf("news is %v", news)
	}
}

// liar has the peer acknowledge what was not sent.
func (m *windowModel) liar(t *rapid.T) {
	beyond := rapid.Uint64Range(1, 1<<40).Draw(t, "beyond")
	if _, err := m.w.Acked(wire.Ack{Received: m.first + m.next + beyond, Delivered: m.first}, time.Now()); err == nil {
		t.Fatalf("%d legs acknowledged, %d sent", m.next+beyond, m.next)
	}
	at := m.first + m.delivered
	if _, err := m.w.Acked(wire.Ack{Received: at, Delivered: at + 1}, time.Now()); err == nil {
		t.Fatal("more was delivered than received")
	}
}

// check compares the window with the model.
func (m *windowModel) check(t *rapid.T) {
	s := m.w.State()
	if s.Next != m.first+m.next || s.Base != m.first+cumulative(m.received) || s.Delivered != m.first+m.delivered {
		t.Fatalf("%+v; next %d, received %d, delivered %d", s, m.next, cumulative(m.received), m.delivered)
	}
	if s.Resent != m.resent {
		t.Fatalf("resent %+v, want %+v", s.Resent, m.resent)
	}
	held := map[uint64]bool{}
	for n := range m.next {
		if !m.received[n] {
			held[n] = true
		}
	}
	for _, k := range m.links {
		for n := range k.holds {
			held[n] = true
		}
	}
	if m.pool.InUse() != len(held) {
		t.Fatalf("%d buffers in use, %d legs are held", m.pool.InUse(), len(held))
	}
	kept := int64(0)
	for _, l := range m.w.slots {
		if l != nil {
			kept += int64(l.Length)
		}
	}
	if s.Kept != kept {
		t.Fatalf("kept %d bytes, want %d", s.Kept, kept)
	}
}

// finish has every link lost and every leg sent again: nothing was lost, and every buffer comes back.
func (m *windowModel) finish(t *rapid.T) {
	for i := range m.links {
		for _, n := range m.links[i].carried {
			if !m.received[n] {
				m.waiting[n] = true
			}
		}
		var numbers []uint64
		for _, n := range m.links[i].carried {
			numbers = append(numbers, m.first+n)
		}
		m.w.Lost(numbers, noLink)
		for _, l := range m.links[i].holds {
			l.Drop()
		}
	}
	for l := m.w.Resend(anySize); l != nil; l = m.w.Resend(anySize) {
		n := l.Number - m.first
		if !m.waiting[n] {
			t.Fatalf("leg %d is sent again and was not lost", n)
		}
		delete(m.waiting, n)
		l.Drop()
	}
	if len(m.waiting) > 0 {
		t.Fatalf("legs %v are lost for good", m.waiting)
	}
	m.w.Acked(wire.Ack{Received: m.first + m.next, Delivered: m.first + m.next}, time.Now())
	if m.pool.InUse() != 0 {
		t.Fatalf("%d buffers are held at the end", m.pool.InUse())
	}
	if err := m.pool.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWindowAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newWindowModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"add": m.add, "add more": m.add, "take": m.take, "sent": m.sent, "sent more": m.sent, "lose": m.lose,
			"offer": m.offer, "rescue": m.rescue,
			"prune": m.prune, "say": m.say, "hear": m.hear, "liar": m.liar, "": m.check,
		})
		m.finish(t)
	})
}

// The limit follows what is in the network: it rises at once, and sinks slowly.
func TestWindowPace(t *testing.T) {
	w := New(8, 0, windowMost)
	if w.State().Limit != limitLeast {
		t.Errorf("limit %d at the start", w.State().Limit)
	}
	w.Pace(100 << 20)
	high := w.State().Limit
	if high < 100<<20 {
		t.Errorf("limit %d for 100 MiB in the network", high)
	}
	w.Pace(0)
	if now := w.State().Limit; now >= high || now < high*9/10 {
		t.Errorf("limit %d after one look at a quiet network, was %d", now, high)
	}
	for range 10000 {
		w.Pace(0)
	}
	if now := w.State().Limit; now < limitLeast || now > limitLeast*11/10 {
		t.Errorf("limit %d in the end", now)
	}
}
