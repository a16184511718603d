// Package svg writes drawings of words and curves as Scalable Vector Graphics 1.1.
//
// Lengths are in points, from the upper left corner: x to the right, y down. Text may have any characters; those that XML
// does not allow are drawn as U+FFFD.
package svg

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Anchor is which part of a text is at its X.
type Anchor string

// The anchors of a text.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Drawing is a drawing under construction. It belongs to one goroutine.
type Drawing struct {
	width, height float64
	title         string
	shapes        strings.Builder
}

// New begins a drawing on a white background. Programs show the title, or read it out in place of the drawing.
func New(width, height float64, title string) *Drawing {
	return &Drawing{width: width, height: height, title: title}
}

// Text is a line of words.
type Text struct {
	X, Y   float64 // Y is the middle of its height
	Anchor Anchor
	Size   float64 // of the letters
	Fill   string  // its colour, as "#0072b2"
	Words  string
}

// baseline is how far the base of letters is below the middle of capitals and digits, in the letters' size. Not all viewers
// know dominant-baseline.
const baseline = 0.36

// Text draws a line of words.
func (d *Drawing) Text(t Text) {
	fmt.Fprintf(&d.shapes, "<text x=\"%s\" y=\"%s\" font-size=\"%s\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n",
		number(t.X), number(t.Y+baseline*t.Size), number(t.Size), escape(string(t.Anchor)), escape(t.Fill), escape(t.Words))
}

// Width estimates how wide words are, as a multiple of the letters' size. It errs on the wide side, since the width
// depends on the viewer's font.
func Width(words string) float64 { return 0.62 * float64(utf8.RuneCountInString(words)) }

// Curve goes from one point to another beside it, and is horizontal at both.
type Curve struct {
	X0, Y0, X1, Y1 float64
	Stroke         string // its colour
	Width          float64
	Tip            string // shown when somebody points at it; "" for nothing
}

// Curve draws a curve.
func (d *Drawing) Curve(c Curve) {
	// With control points at a third and two thirds of the way, x runs evenly and y eases in and out: 3s²-2s³ of the
	// height.
	third := (c.X1 - c.X0) / 3
	fmt.Fprintf(&d.shapes, "<path d=\"M%s,%s C%s,%s %s,%s %s,%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"",
		number(c.X0), number(c.Y0), number(c.X0+third), number(c.Y0), number(c.X1-third), number(c.Y1), number(c.X1), number(c.Y1),
		escape(c.Stroke), number(c.Width))
	if c.Tip == "" {
		d.shapes.WriteString("/>\n")
		return
	}
	fmt.Fprintf(&d.shapes, "><title>%s</title></path>\n", escape(c.Tip))
}

// WriteTo writes the drawing as a complete file. It implements io.WriterTo.
func (d *Drawing) WriteTo(w io.Writer) (int64, error) {
	width, height := number(d.width), number(d.height)
	n, err := fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="%[1]spt" height="%[2]spt" viewBox="0 0 %[1]s %[2]s" font-family="sans-serif">
<title>%[3]s</title>
<rect width="%[1]s" height="%[2]s" fill="#ffffff"/>
%[4]s</svg>
`, width, height, escape(d.title), d.shapes.String())
	return int64(n), err
}

// number formats a length to a hundredth of a point.
func number(v float64) string { return strconv.FormatFloat(math.Round(100*v)/100, 'f', -1, 64) }

// escape makes any string safe between tags and in quotes.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '"':
			b.WriteString("&quot;")
		case '\t', '\n', '\r': // readers may turn them into spaces
			fmt.Fprintf(&b, "&#x%X;", r)
		default:
			b.WriteRune(allowed(r))
		}
	}
	return b.String()
}

// allowed replaces a character that XML 1.0 does not allow (its section 2.2) by U+FFFD. Invalid UTF-8 is U+FFFD already.
func allowed(r rune) rune {
	switch {
	case r == '\t', r == '\n', r == '\r', 0x20 <= r && r <= 0xd7ff, 0xe000 <= r && r <= 0xfffd, r >= 0x10000:
		return r
	}
	return utf8.RuneError
}
