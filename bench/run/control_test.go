package run

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"viamillipede/bench/result"
	"viamillipede/engine"
	"viamillipede/engine/wire"
)

func TestReadHello(t *testing.T) {
	good := string(appendHello(nil))
	for _, c := range []struct {
		name, sent string
		want       error
	}{
		{"good", good + "more", nil},
		{"nothing", "", errUnsaid},
		{"short", good[:9], errNoBench},
		{"text", "GET / HTTP/1.1\r\n", errNoBench},
		{"sender", string(wire.Hello{}.Append(nil)), errSender},
		{"receiver", string(wire.Welcome{}.Append(nil)), errReceiver},
		{"nearly", good[:7] + "h" + good[8:], errNoBench},
		{"next version", good[:8] + "\x02" + good[9:], errVersion},
	} {
		r := strings.NewReader(c.sent)
		if err := readHello(r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if c.want == nil && r.Len() != len("more") {
			t.Errorf("%s: %d bytes are left", c.name, r.Len())
		}
	}
}

func TestMessages(t *testing.T) {
	var b bytes.Buffer
	sent := []message{
		{Host: &result.Host{Kernel: "6.1", CPUs: 4}},
		{Ask: &ask{Number: 1, Of: 2, Name: "io=copy", Seconds: 1, Seed: 1<<64 - 1}},
		{Ready: &ready{Port: 9}},
		{Report: &end{Bytes: 9, Counted: 8, Links: []link{{Index: 1, Rate: 7}}}},
		{Fault: &fault{3, "no"}},
	}
	for _, m := range sent {
		if err := writeMessage(&b, m); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range sent {
		got, err := readMessage(&b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if _, err := readMessage(&b); err != io.EOF {
		t.Errorf("behind the last: %v", err)
	}
}

// frame is a message of any text.
func frame(text string) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...)
}

func TestBadMessages(t *testing.T) {
	for _, c := range []struct {
		name string
		sent []byte
		want error
	}{
		{"cut in the length", []byte{1, 0}, io.ErrUnexpectedEOF},
		{"cut in the text", frame("{}")[:5], io.ErrUnexpectedEOF},
		{"too long", []byte{0, 0, 0, 255}, errMessage},
		{"no JSON", frame("hello"), errMessage},
		{"no part", frame("{}"), errMessage},
		{"two parts", frame(`{"ready":{"port":1},"fault":{}}`), errMessage},
		{"no port", frame(`{"ready":{}}`), errMessage},
		{"port", frame(`{"ready":{"port":70000}}`), errMessage},
		{"seconds", frame(`{"ask":{"seconds":-1}}`), errMessage},
		{"no seconds", frame(`{"ask":{"seconds":0}}`), errMessage},
		{"too many seconds", frame(`{"ask":{"seconds":1e300}}`), errMessage},
		{"counted", frame(`{"report":{"bytes":1,"counted":2}}`), errMessage},
		{"links", frame(`{"report":{"links":[` + strings.Repeat("{},", 64) + `{}]}}`), errMessage},
	} {
		if _, err := readMessage(bytes.NewReader(c.sent)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// A peer's words cannot steer a terminal.
func TestCleanWords(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", " a\r\nb\t": "a  b", "\x1b[2Jx\x00": "?[2Jx?", "\xff": "?", "\u202eabc": "?abc",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := clean(strings.Repeat("é", textMost)); len(got) > textMost+1 {
		t.Errorf("%d bytes", len(got))
	}
}

// Whatever a peer sends: no panic, nothing that is too large, and what is taken for a message can be sent again.
func FuzzReadMessage(f *testing.F) {
	f.Add(frame(`{"host":{"kernel":"6.1","facts":{"mtu":"9000"}}}`))
	f.Add(frame(`{"ask":{"number":1,"of":3,"name":"x","seconds":1.5,"seed":"7","io":"copy"}}`))
	f.Add(frame(`{"report":{"bytes":1,"seconds":2,"links":[{"index":1,"path":"a"}],"queues":[{"name":"eth0/1"}]}}`))
	f.Add(frame(`{"fault":{"status":3,"text":"\u001b[2J"}}`))
	f.Add([]byte{255, 255, 255, 255, '{'})
	f.Fuzz(func(t *testing.T, sent []byte) {
		m, err := readMessage(bytes.NewReader(sent))
		if err != nil {
			return
		}
		if m.Fault != nil && strings.ContainsFunc(m.Fault.Text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q", m.Fault.Text)
		}
		var b bytes.Buffer
		if err := writeMessage(&b, m); err != nil {
			t.Fatalf("%+v: %v", m, err)
		}
		again, err := readMessage(&b)
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%+v became %+v, %v", m, again, err)
		}
	})
}

// A stranger's bench gets no larger window than an rx has by itself, unless the user of rx has given one; this user's own does.
func TestWindowOfAStranger(t *testing.T) {
	own := engine.Means{}.Window()
	for _, c := range []struct {
		name   string
		asked  int64
		given  int64
		trusts bool
		want   int64
	}{
		{"more", engine.MaxWindow, 0, false, own},
		{"less", 1 << 20, 0, false, 1 << 20},
		{"nothing", 0, 0, false, 0},
		{"our own user", engine.MaxWindow, 0, true, engine.MaxWindow},
		{"rx was given one", engine.MaxWindow, 4 << 30, false, 4 << 30},
	} {
		cfg := &Config{Own: Own{Window: c.given > 0}, trusts: c.trusts}
		cfg.Options.Window = c.given
		if got := (&ask{Window: c.asked}).options(cfg).Window; got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
