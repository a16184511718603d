package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

// Measures of the picture, in pixels. A character of the fonts that browsers have for "monospace" is close to wide at this size; its text
// is stretched to be exactly that.
const (
	fontSize = 14
	wide     = 8.4
	high     = 18
	margin   = 10
	baseline = 13.5
)

// Colours of the picture: those of a dark terminal.
const (
	paper  = "#16181d"
	ink    = "#d8dee9"
	faint  = "#8a919e"
	shadow = "#3a404b"
)

var colours = map[int]string{31: "#ff6b6b", 32: "#8fd17a", 33: "#f2c55c", 34: "#6ea8fe", 36: "#6fd3d8"}

// bars are the characters that are drawn as what they are: so many eighths of a cell, from below.
var bars = map[rune]float64{'▁': 1, '▂': 2, '▃': 3, '▄': 4, '▅': 5, '▆': 6, '▇': 7, '█': 8}

// svg is the screen as a picture.
func (s *screen) svg() []byte {
	var b bytes.Buffer
	width, height := float64(s.columns)*wide+2*margin, float64(s.rows)*high+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`+"\n", width, height, width, height)
	b.WriteString("<title>viamillipede top: two programs, two paths, of which one was away for a while, and then both</title>\n")
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="6" fill="%s"/>`+"\n", paper)
	fmt.Fprintf(&b, `<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="%d">`+"\n", fontSize)
	for row := range s.rows {
		s.drawRow(&b, row)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}

func (s *screen) drawRow(b *bytes.Buffer, row int) {
	cells := s.cells[row*s.columns : (row+1)*s.columns]
	for from := 0; from < len(cells); {
		to := from + 1
		for to < len(cells) && cells[to].style == cells[from].style && same(cells[to].rune, cells[from].rune) {
			to++
		}
		drawRun(b, cells[from:to], margin+float64(from)*wide, margin+float64(row)*high)
		from = to
	}
}

// same reports whether two characters are drawn in one piece: text, or a bar of one height.
func same(a, b rune) bool {
	drawn := func(r rune) bool { return bars[r] > 0 || r == '░' }
	return a == b || !drawn(a) && !drawn(b)
}

// drawRun draws cells of one style.
func drawRun(b *bytes.Buffer, cells []cell, x, y float64) {
	st := cells[0].style
	fill, behind := ink, ""
	if st.dim {
		fill = faint
	}
	if c := colours[st.colour]; c != "" {
		fill = c
	}
	if st.inverse {
		behind, fill = fill, paper
	}
	width := float64(len(cells)) * wide
	if behind != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="%s"/>`+"\n", x, y, width, high, behind)
	}
	switch eighths := bars[cells[0].rune]; {
	case eighths > 0:
		tall := eighths / 8 * (high - 3)
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, y+high-2-tall, width, tall, fill)
		return
	case cells[0].rune == '░':
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", x, int(y)+1, width, high-3, shadow)
		return
	}
	drawText(b, cells, x, y, fill)
}

// drawText draws what is not blank of a text.
func drawText(b *bytes.Buffer, cells []cell, x, y float64, fill string) {
	text := make([]rune, len(cells))
	for i, c := range cells {
		text[i] = c.rune
	}
	trimmed := strings.TrimLeft(string(text), " ")
	x += float64(len(text)-len([]rune(trimmed))) * wide
	trimmed = strings.TrimRight(trimmed, " ")
	if trimmed == "" {
		return
	}
	weight := ""
	if cells[0].style.bold {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" textLength="%.1f" xml:space="preserve" fill="%s"%s>%s</text>`+"\n",
		x, y+baseline, float64(len([]rune(trimmed)))*wide, fill, weight, html.EscapeString(trimmed))
}
