package seal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// firstFlight is what an end that dials with the key sends first.
func firstFlight(t testing.TB, k *Key) []byte {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	near.SetDeadline(time.Now().Add(30 * time.Second))
	go func() { k.Dial(context.Background(), near) }()
	head := make([]byte, gateLen)
	if _, err := io.ReadFull(far, head); err != nil {
		t.Fatal(err)
	}
	record, err := readRecord(far, make([]byte, recordHead, MostRecord), recordHandshake)
	if err != nil {
		t.Fatal(err)
	}
	far.Close()
	return append(head, record...)
}

// answer hands what a stranger says to a listener, and returns what it says before it is done, and its error.
func answer(t testing.TB, k *Key, said []byte) (said2 []byte, err error) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	done := make(chan error, 1)
	go func() {
		_, err := k.Hear(context.Background(), far)
		far.Close()
		done <- err
	}()
	near.SetDeadline(time.Now().Add(30 * time.Second))
	go near.Write(said)
	b := make([]byte, 1<<16)
	n, readErr := near.Read(b)
	if readErr == nil {
		near.Close() // it has begun to answer
	}
	return b[:n], <-done
}

// TestStrangersLearnNothing: whoever cannot make a first flight with the key is not answered by a single byte.
func TestStrangersLearnNothing(t *testing.T) {
	k := NewKey()
	good := firstFlight(t, k)
	if b, _ := answer(t, k, good); len(b) == 0 {
		t.Fatal("a good first flight is not answered")
	}
	said := map[string][]byte{
		"another key": firstFlight(t, NewKey()), "repeated": good, "text": []byte("GET / HTTP/1.1\r\n\r\n"),
		"a hello": append([]byte("\xf6VMP\x02\x00"), make([]byte, 58)...), "plain TLS": good[gateLen:],
	}
	for i := range 64 {
		bad := bytes.Clone(firstFlight(t, k))
		bad[i%gateLen] ^= 1 << (i % 8)
		said["head changed "+string(rune('0'+i))] = bad
		bad = bytes.Clone(firstFlight(t, k))
		bad[gateLen+recordHead+i*13%(len(bad)-gateLen-recordHead)] ^= 1 << (i % 8)
		said["body changed "+string(rune('0'+i))] = bad
	}
	for name, s := range said {
		b, err := answer(t, k, s)
		_, open := errors.AsType[*Clear](err)
		if len(b) > 0 || !open && !errors.Is(err, ErrStranger) {
			t.Errorf("%s: answered with %d bytes, %v", name, len(b), err)
		}
	}
}

// TestWrongKeyEndsBoth: neither end takes a peer with another key.
func TestWrongKeyEndsBoth(t *testing.T) {
	_, _, err, farErr := pair(t, NewKey(), NewKey())
	if err == nil || !errors.Is(farErr, ErrStranger) {
		t.Error(err, farErr)
	}
}

// TestOnlyThePinnedKey: an end that passes the gate, but does not have the signing key, is refused by TLS.
func TestOnlyThePinnedKey(t *testing.T) {
	k := NewKey()
	for r := range 2 {
		thief := newKey(k.secret)
		ids, err := newIdentities(NewKey())
		if err != nil {
			t.Fatal(err)
		}
		mine, err := k.self()
		if err != nil {
			t.Fatal(err)
		}
		mine[r] = ids[r]
		thief.self = func() (identities, error) { return mine, nil }
		ends := [2]*Key{thief, k}
		if role(r) == listens {
			ends = [2]*Key{k, thief}
		}
		near, far, err, farErr := pair(t, ends[0], ends[1])
		if role(r) == listens && err == nil || role(r) == dials && farErr == nil {
			t.Errorf("%v: %v %v, %v %v", role(r).purpose(), near, err, far, farErr)
		}
	}
}

// relay is a middleman that hands over what both ends say, but changes one byte of what one of them does.
func relay(from, to net.Conn, at int, flip byte) {
	b, seen := make([]byte, 4096), 0
	for {
		n, err := from.Read(b)
		if at >= seen && at < seen+n {
			b[at-seen] ^= flip
		}
		seen += n
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			from.Close()
			to.Close()
			return
		}
	}
}

// TestMiddleman: a handshake of which any byte was changed on the way ends at an end at least, before either takes or gives data of the
// other.
func TestMiddleman(t *testing.T) {
	k := NewKey()
	for i := range 200 {
		near, a := net.Pipe()
		b, far := net.Pipe()
		for _, c := range []net.Conn{near, a, b, far} {
			c.SetDeadline(time.Now().Add(300 * time.Millisecond))
		}
		at, flip := rand.IntN(1500), byte(1)<<rand.IntN(8)
		forth, back := at, -1
		if i%2 == 0 {
			forth, back = -1, rand.IntN(1100)
		}
		go relay(a, b, forth, flip)
		go relay(b, a, back, flip)
		got := make(chan string, 1)
		go func() {
			defer far.Close()
			c, err := k.Hear(context.Background(), far)
			if err != nil {
				got <- ""
				return
			}
			word := make([]byte, 6)
			n, _ := io.ReadFull(c, word)
			got <- string(word[:n])
		}()
		c, err := k.Dial(context.Background(), near)
		if err == nil {
			c.Write([]byte("secret"))
		}
		near.Close()
		if word := <-got; word != "" {
			t.Errorf("byte %d forth, %d back, by %#x: %q arrived", forth, back, flip, word)
		}
	}
}

// TestReplaysAreBounded: what is remembered of first flights does not grow, and the latest are known.
func TestReplaysAreBounded(t *testing.T) {
	var r replays
	for i := range 3 * replaysMost {
		tag := [tagLen]byte{byte(i), byte(i >> 8), 1}
		if r.again(tag) {
			t.Fatal("a new one is known")
		}
		if !r.again(tag) {
			t.Fatal("the latest is not known")
		}
	}
	if len(r.tags) > replaysMost {
		t.Errorf("%d are remembered", len(r.tags))
	}
}

// FuzzHear: nobody without the key is answered or crashes a listener.
func FuzzHear(f *testing.F) {
	k := newKey([keyLen]byte{1})
	f.Add(firstFlight(f, k)[:gateLen])
	f.Add(firstFlight(f, NewKey()))
	f.Add([]byte("\xf9VMP\x02\x00"))
	f.Add([]byte("\xf6VMP\x02\x00"))
	f.Add(append(append([]byte(gateMagic+"\x02\x00"), make([]byte, 26)...), 22, 3, 1, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, said []byte) {
		out := &onlyReads{Reader: bytes.NewReader(said)}
		if _, _, err := k.hear(context.Background(), out); err == nil || out.wrote > 0 {
			t.Fatalf("%d bytes of answer, %v", out.wrote, err)
		}
	})
}

type onlyReads struct {
	io.Reader
	wrote int
}

func (o *onlyReads) Write(p []byte) (int, error) {
	o.wrote += len(p)
	return len(p), nil
}

// FuzzDial: whatever answers the end that dials, it does not crash, and nothing but the key's other end is taken.
func FuzzDial(f *testing.F) {
	k := newKey([keyLen]byte{1})
	f.Add([]byte("\xf7VMP\x02\x00\x08\x00"))
	f.Add([]byte{22, 3, 3, 0, 4, 2, 0, 0, 0})
	f.Add([]byte{23, 3, 3, 0, 30, 2, 0, 0, 0})
	f.Fuzz(func(t *testing.T, said []byte) {
		if _, _, err := k.dial(context.Background(), &onlyReads{Reader: bytes.NewReader(said)}); err == nil {
			t.Fatal("taken")
		}
	})
}
