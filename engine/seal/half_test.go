package seal

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// halves are the two ends of one direction.
func halves(t testing.TB, secret byte) (out, in *Half) {
	t.Helper()
	return halvesOf(t, tls.TLS_AES_128_GCM_SHA256, secret)
}

// halvesOf are those of a cipher suite.
func halvesOf(t testing.TB, id uint16, secret byte) (out, in *Half) {
	t.Helper()
	s := bytes.Repeat([]byte{secret}, suites[id].hash.Size())
	out, err := newHalf(suites[id], s)
	if err != nil {
		t.Fatal(err)
	}
	in, err = newHalf(suites[id], s)
	if err != nil {
		t.Fatal(err)
	}
	return out, in
}

// TestEverySuite: with each cipher suite records open in order, in place and elsewhere, under the next secret too, and no others.
func TestEverySuite(t *testing.T) {
	for id := range suites {
		t.Run(tls.CipherSuiteName(id), func(t *testing.T) {
			out, in := halvesOf(t, id, 1)
			for _, n := range []int{0, 1, 1000, MostContent} {
				want := strings.Repeat("x", n)
				if got, err := in.opened(out.sealed(want)); err != nil || got != want {
					t.Errorf("%d bytes: %d bytes, %v", n, len(got), err)
				}
				record := out.sealed(want)
				if _, m, err := in.Open(InPlace(record), record); err != nil || string(InPlace(record)[:m]) != want {
					t.Errorf("%d bytes in place: %d bytes, %v", n, m, err)
				}
				if err := errors.Join(out.Update(), in.Update()); err != nil {
					t.Fatal(err)
				}
			}
			record := out.sealed("what is sealed")
			record[7] ^= 1
			if got, err := in.opened(record); err != ErrForged {
				t.Errorf("%q is opened: %v", got, err)
			}
		})
	}
}

// sealed is a record with that content.
func (h *Half) sealed(content string) []byte {
	b := make([]byte, len(content)+Overhead)
	return b[:h.Seal(b, Data, []byte(content[:len(content)/2]), []byte(content[len(content)/2:]))]
}

// opened is the content of a record.
func (h *Half) opened(record []byte) (string, error) {
	n, err := Length(record)
	if err != nil || n == 0 || n != len(record) { // 0: Length does not know yet
		return "", errors.Join(ErrRecord, err)
	}
	b := make([]byte, Room(n))
	_, n, err = h.Open(b, record)
	return string(b[:n]), err
}

func TestRecordsOpenInOrder(t *testing.T) {
	out, in := halves(t, 1)
	for _, n := range []int{0, 1, 2, 1000, MostContent} {
		want := strings.Repeat("x", n)
		if got, err := in.opened(out.sealed(want)); err != nil || got != want {
			t.Errorf("%d bytes: %d bytes, %v", n, len(got), err)
		}
	}
	record := out.sealed("in place")
	if _, n, err := in.Open(InPlace(record), record); err != nil || string(InPlace(record)[:n]) != "in place" {
		t.Error(string(InPlace(record)[:n]), err)
	}
}

// TestEveryBitCounts: a record with one bit changed is not opened, and nothing is opened after it.
func TestEveryBitCounts(t *testing.T) {
	out, _ := halves(t, 1)
	good := out.sealed("what is sealed")
	next := out.sealed("and the next one")
	for bit := range 8 * len(good) {
		_, in := halves(t, 1)
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		if got, err := in.opened(bad); err == nil {
			t.Errorf("bit %d: %q was accepted", bit, got)
		}
		if _, err := Length(bad); err == nil && bit >= 8*3 {
			if got, err := in.opened(next); err == nil {
				t.Errorf("bit %d: %q was accepted after it", bit, got)
			}
		}
	}
}

// TestOutOfPlace: a record that is cut, left out, repeated, swapped, of another link or of the other direction is not opened.
func TestOutOfPlace(t *testing.T) {
	out, _ := halves(t, 1)
	other, _ := halves(t, 2)
	a, b, strange := out.sealed("first"), out.sealed("other"), other.sealed("first")
	for name, records := range map[string][][]byte{
		"cut": {a[:len(a)-1]}, "longer": {append(bytes.Clone(a), 0)}, "left out": {b}, "repeated": {a, a}, "swapped": {b, a},
		"of another link": {strange}, "another instead": {a, strange},
	} {
		_, in := halves(t, 1)
		var err error
		for _, r := range records {
			_, err = in.opened(r)
		}
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestReflected: what an end has sent does not come back as the peer's.
func TestReflected(t *testing.T) {
	k := NewKey()
	near, far, err, farErr := pair(t, k, k)
	if err != nil || farErr != nil {
		t.Fatal(err, farErr)
	}
	record := near.out.sealed("mine")
	if got, err := near.in.opened(bytes.Clone(record)); err == nil {
		t.Errorf("%q came back", got)
	}
	if got, err := far.in.opened(record); err != nil || got != "mine" {
		t.Error(got, err)
	}
}

// TestWornKeys: the next secret is used in time, at both ends, and no nonce is used twice under a key.
func TestWornKeys(t *testing.T) {
	out, in := halves(t, 1)
	out.most = 5
	seen := map[string]bool{}
	updates := 0
	for i := range 100 {
		if out.Worn() {
			b := make([]byte, MostExtra)
			n, err := out.Rekey(b)
			if err != nil {
				t.Fatal(err)
			}
			typ, n, err := in.Open(InPlace(b), b[:n])
			if err != nil || typ != Handshake {
				t.Fatal(typ, err)
			}
			if closed, wants, err := in.Obey(typ, InPlace(b)[:n]); closed || wants || err != nil {
				t.Fatal(closed, wants, err)
			}
			updates++
		}
		want := fmt.Sprint(i)
		if got, err := in.opened(out.sealed(want)); err != nil || got != want {
			t.Fatal(i, got, err)
		}
		used := fmt.Sprintf("%x %x", out.secret, out.nonce)
		if seen[used] {
			t.Fatalf("record %d: a nonce is used again", i)
		}
		seen[used] = true
		if out.seq > out.most {
			t.Fatalf("%d records under one key, expected at most %d", out.seq, out.most)
		}
	}
	if updates < 20 {
		t.Errorf("%d updates", updates)
	}
}

// TestRecordsAreTLS: crypto/tls opens what a Half seals, and the other way round, under the secrets of a connection of its own.
func TestRecordsAreTLS(t *testing.T) {
	ids, err := newIdentities(NewKey())
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	client := tls.Client(near, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, KeyLogWriter: &log})
	server := tls.Server(far, &tls.Config{Certificates: ids[listens : listens+1], SessionTicketsDisabled: true})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err := errors.Join(client.Handshake(), <-done); err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{}
	for line := range strings.Lines(log.String()) {
		var label, random string
		var secret []byte
		if _, err := fmt.Sscanf(line, "%s %s %x", &label, &random, &secret); err != nil {
			t.Fatal(line, err)
		}
		secrets[label] = secret
	}
	s := suites[client.ConnectionState().CipherSuite]
	out, err := newHalf(s, secrets["CLIENT_TRAFFIC_SECRET_0"])
	if err != nil {
		t.Fatal(err)
	}
	in, err := newHalf(s, secrets["SERVER_TRAFFIC_SECRET_0"])
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	rekey := make([]byte, MostExtra)
	for i, word := range []string{"sealed here", "and under the next secret"} {
		go func() {
			if i == 1 {
				n, _ := out.Rekey(rekey)
				near.Write(rekey[:n])
			}
			near.Write(out.sealed(word))
		}()
		if n, err := server.Read(b); err != nil || string(b[:n]) != word {
			t.Fatalf("crypto/tls reads %q: %v", b[:n], err)
		}
	}
	go server.Write([]byte("sealed there"))
	record, err := readRecord(near, make([]byte, recordHead, MostRecord), recordData)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := in.opened(record); err != nil || got != "sealed there" {
		t.Errorf("of crypto/tls: %q, %v", got, err)
	}
	go func() {
		n := out.SealEnd(rekey)
		near.Write(rekey[:n])
	}()
	if _, err := server.Read(b); err != io.EOF {
		t.Errorf("crypto/tls reads close_notify as %v", err)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	out, in := halves(t, 1)
	content, record, opened := make([]byte, MostContent), make([]byte, MostRecord), make([]byte, MostRecord)
	if n := testing.AllocsPerRun(100, func() {
		n := out.Seal(record, Data, content[:10], content[10:])
		if _, _, err := in.Open(opened, record[:n]); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations for a record", n)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	k := NewKey()
	out, _ := halves(t, 'S')
	text := string(k.Text()[len(keyWord):])
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{k, out} {
			if s := fmt.Sprintf(format, v); strings.Contains(s, "SSSS") || strings.Contains(s, strings.TrimSpace(text)) || len(s) > 40 {
				t.Errorf("%s prints %q", format, s)
			}
		}
	}
	out.Wipe()
	if out.secret != nil || out.aead != nil || out.iv != [ivLen]byte{} {
		t.Error("secrets are left after Wipe")
	}
}

// FuzzOpen feeds records as they may come in: only those that were sealed are opened, each once and in order.
func FuzzOpen(f *testing.F) {
	out, _ := halves(f, 1)
	a, b := out.sealed("first"), out.sealed("second")
	f.Add(a, b)
	f.Add(b, a)
	f.Add(a[:7], []byte{})
	f.Add([]byte{23, 3, 3, 0, 17}, a)
	f.Add([]byte("\xf9VMP\x02\x00"), []byte{22, 3, 1, 2, 0})
	f.Fuzz(func(t *testing.T, x, y []byte) {
		_, in := halves(t, 1)
		for i, r := range [][]byte{x, y} {
			got, err := in.opened(bytes.Clone(r))
			if want := [][]byte{a, b}[i]; (err == nil) != (bytes.Equal(r, want) && in.aead != nil) {
				t.Fatalf("record %d: %q, %v", i, got, err)
			}
			if err != nil {
				return
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	out, in := halves(b, 1)
	src, dst, record := make([]byte, MostContent), make([]byte, 1<<20), make([]byte, MostRecord)
	n := out.Seal(record, Data, src, nil)
	b.SetBytes(MostContent)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		in.seq = 0
		if _, _, err := in.Open(dst[i%63*MostContent:], record[:n]); err != nil {
			b.Fatal(err)
		}
	}
}
