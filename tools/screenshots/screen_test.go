package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

// TestScreen: what a program writes, in whatever pieces, is on the screen, and in the picture.
func TestScreen(t *testing.T) {
	const text = "\x1b[?1049h\x1b[0m\x1b[2J\x1b[1;1H\x1b[0;1;7mtop\x1b[0m\x1b[K\x1b[2;3H\x1b[0;31ma<b\x1b[0m ▁█░\x1b[K\x1b[3;1Hgone\x1b[3;1H\x1b[K"
	for piece := 1; piece < 9; piece++ {
		s := newScreen(10, 3)
		for rest := text; rest != ""; {
			n := min(piece, len(rest))
			_, _ = s.Write([]byte(rest[:n]))
			rest = rest[n:]
		}
		s = s.copy()
		var got strings.Builder
		for i, c := range s.cells {
			if got.WriteRune(c.rune); i%10 == 9 {
				got.WriteString("|")
			}
		}
		if want := "top       |  a<b ▁█░ |          |"; got.String() != want {
			t.Fatalf("%q, want %q", got.String(), want)
		}
		if c := s.cells[0].style; !c.bold || !c.inverse || s.cells[12].style.colour != 31 || s.cells[16].style != (style{}) {
			t.Errorf("styles %+v, %+v and %+v", c, s.cells[12].style, s.cells[16].style)
		}
		picture := string(s.svg())
		if !strings.Contains(picture, `fill="#ff6b6b">a&lt;b</text>`) || strings.Count(picture, "<rect") != 5 {
			t.Error(picture)
		}
		for d := xml.NewDecoder(strings.NewReader(picture)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
}
