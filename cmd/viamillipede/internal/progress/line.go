package progress

import (
	"fmt"
	"strings"
	"time"

	"viamillipede/cmd/viamillipede/internal/meter"
	"viamillipede/cmd/viamillipede/internal/words"
)

// gap separates the parts of a line.
const gap = "  "

// part is a piece of a line. Where there is no room for all, those with the highest number are left out first; 0 stays.
type part struct {
	text  string
	spare int
}

// Line is a view in a line of ASCII of at most columns characters. name tells it from the other stream of the program; "": there is none.
// waited is for how long the peer has been waited for, if it was not met yet.
func Line(name string, v meter.View, waited time.Duration, columns int) string {
	var parts []part
	if name != "" {
		parts = append(parts, part{name + ":", 0})
	}
	switch {
	case v.Comparing:
		parts = append(parts, part{"comparing", 4})
		parts = append(parts, amount(v)...)
		parts = append(parts, part{"of what is there", 9})
	case !v.Met:
		parts = append(parts, part{"waiting for the peer " + clock(waited), 0})
	default:
		parts = append(parts, amount(v)...)
		parts = append(parts, speed(v)...)
		parts = append(parts, state(v)...)
	}
	return fit(parts, columns)
}

// amount says how much of the stream there is.
func amount(v meter.View) []part {
	parts := []part{{words.Bytes(v.Bytes), 0}}
	if v.Of > 0 {
		share := 100 * float64(v.Bytes) / float64(v.Of)
		parts = append(parts, part{"of " + words.Bytes(v.Of), 6}, part{fmt.Sprintf("%d %%", int(min(share, 100))), 2})
	}
	return parts
}

// speed says how fast it is, and how long it will take.
func speed(v meter.View) []part {
	parts := []part{
		{words.Bytes(uint64(v.Now)) + "/s", 0},
		{bits(v.Now), 8},
		{"mean " + words.Bytes(uint64(v.Average)) + "/s", 9},
		{bits(v.Average), 10},
	}
	if v.Left >= 0 {
		parts = append(parts, part{clock(v.Left) + " left", 3})
	}
	return parts
}

// state says what it goes over, and what it waits for.
func state(v meter.View) []part {
	parts := []part{{words.Number(v.Links, "link"), 5}}
	if v.Paths > 0 {
		parts[0].text = fmt.Sprintf("%d/%s", v.PathsUp, words.Number(v.Paths, "path"))
	}
	parts = append(parts, part{fmt.Sprintf("%d lost", v.Lost), 7})
	switch {
	case v.Still > 0 && v.Waits != meter.Nowhere:
		parts = append(parts, part{fmt.Sprintf("waits for %v %s", v.Waits, clock(v.Still)), 1})
	case v.Still > 0:
		parts = append(parts, part{"stands still " + clock(v.Still), 1})
	case v.Waits != meter.Nowhere:
		parts = append(parts, part{fmt.Sprintf("waits for %v", v.Waits), 4})
	}
	return parts
}

// bits is a rate in bits a second, as networks are named: decimal units.
func bits(rate float64) string {
	rate *= 8
	for _, unit := range []string{"bit/s", "kbit/s", "Mbit/s", "Gbit/s"} {
		if rate < 1000 {
			return fmt.Sprintf("%.3g %s", rate, unit)
		}
		rate /= 1000
	}
	return fmt.Sprintf("%.4g Tbit/s", rate)
}

// clock is a time in as few characters as a line has for it: 7s, 1:05, 2:03:09, 3d4h.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	case s < 100*3600:
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
}

// fit joins the parts that have room.
func fit(parts []part, columns int) string {
	for {
		worst, total := -1, -len(gap)
		for i, p := range parts {
			total += len(gap) + len(p.text)
			if p.spare > 0 && (worst < 0 || p.spare > parts[worst].spare) {
				worst = i
			}
		}
		if total <= columns || worst < 0 {
			break
		}
		parts = append(parts[:worst:worst], parts[worst+1:]...)
	}
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.text
	}
	line := strings.Join(texts, gap)
	return line[:min(len(line), max(columns, 0))]
}
