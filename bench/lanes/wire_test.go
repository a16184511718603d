package lanes

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"viamillipede/engine/wire"
)

func TestHello(t *testing.T) {
	h := hello{kind: kindFlow, flow: 63, session: [16]byte{1, 2, 15: 9}}
	got, err := readHello(bytes.NewReader(h.append(nil)))
	if err != nil || got != h {
		t.Errorf("%+v, %v", got, err)
	}
	for name, b := range map[string]struct {
		bytes []byte
		want  error
	}{
		"a stream":    {wire.Hello{MaxLeg: 4096}.Append(nil), errStream},
		"a browser":   {[]byte("GET / HTTP/1.1\r\nHost: somewhere\r\n\r\n"), errStranger},
		"later":       {append(binary.LittleEndian.AppendUint16([]byte(wire.LanesMagic), 2), make([]byte, 26)...), errVersion},
		"other kind":  {hello{kind: 3}.append(nil), errStranger},
		"many flows":  {hello{kind: kindFlow, flow: flowsMost}.append(nil), errStranger},
		"bytes in it": {append(append([]byte{}, hello{kind: 1}.append(nil)[:12]...), bytes.Repeat([]byte{1}, 20)...), errStranger},
	} {
		if _, err := readHello(bytes.NewReader(b.bytes)); !errors.Is(err, b.want) {
			t.Errorf("%s: %v, want %v", name, err, b.want)
		}
	}
}

func TestAnswer(t *testing.T) {
	for name, b := range map[string]struct {
		bytes []byte
		want  string
	}{
		"taken":     {appendAnswer(nil, verdictOK), ""},
		"busy":      {appendAnswer(nil, verdictBusy), "another `lanes tx`"},
		"a stream":  {wire.Welcome{}.Append(nil), "a `viamillipede rx` serves there"},
		"a greeter": {[]byte("220 mail.example ESMTP"), "not `viamillipede lanes rx`"},
		"nobody":    {nil, "no answer"},
	} {
		err := readAnswer(bytes.NewReader(b.bytes))
		if (err == nil) != (b.want == "") || err != nil && !strings.Contains(err.Error(), b.want) {
			t.Errorf("%s: %v, want %q", name, err, b.want)
		}
	}
}

func TestMessage(t *testing.T) {
	var b bytes.Buffer
	want := reply{Flows: []Arrival{{Flow: 3, Device: "eth0", Queue: 7, Bytes: 1 << 40}}, Missing: []string{"much"}}
	if err := writeMessage(&b, want); err != nil {
		t.Fatal(err)
	}
	var got reply
	if err := readMessage(&b, &got); err != nil || len(got.Flows) != 1 || got.Flows[0] != want.Flows[0] {
		t.Errorf("%+v, %v", got, err)
	}
	if err := readMessage(bytes.NewReader([]byte{0, 0, 0x11, 0}), &got); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a message that is too long: %v", err)
	}
}

// FuzzWire: whatever comes in, nothing panics, and no more is read into memory than came.
func FuzzWire(f *testing.F) {
	f.Add(hello{kind: kindControl}.append(nil))
	f.Add(appendAnswer(nil, verdictUnknown))
	f.Add([]byte("\x0f\x00\x00\x00{\"ask\":\"flows\"}"))
	f.Add([]byte("\xff\xff\x0f\x00{"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := readHello(bytes.NewReader(b)); err == nil && !bytes.HasPrefix(b, h.append(nil)) {
			t.Errorf("%+v was read from %x", h, b)
		}
		_ = readAnswer(bytes.NewReader(b))
		var q question
		_ = readMessage(bytes.NewReader(b), &q)
		var r reply
		_ = readMessage(bytes.NewReader(b), &r)
	})
}

// What rx says cannot do anything to a terminal.
func TestWordsOfRxAreCleaned(t *testing.T) {
	r := reply{Missing: []string{"\x1b]0;title\a", "a\nb\u202ec", strings.Repeat("x", 1000)}, Flows: []Arrival{{Device: "eth\x1b[2J"}}}
	r.Missing = append(r.Missing, make([]string, 1000)...)
	r.clean()
	if want := []string{"?]0;title?", "a b?c", strings.Repeat("x", textMost)}; !slices.Equal(r.Missing[:3], want) || len(r.Missing) != linesMost {
		t.Errorf("%d lines: %q", len(r.Missing), r.Missing[:3])
	}
	if got := r.Flows[0].Device; got != "eth?[2J" {
		t.Errorf("device %q", got)
	}
}
