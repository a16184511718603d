package words

import (
	"fmt"
	"strings"
	"time"
)

// Number is a number and the noun it counts.
func Number(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

// Bytes is a number of bytes: three digits and a binary unit.
func Bytes(n uint64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		v /= 1 << 10
		if v < 1000 {
			break
		}
	}
	if v < 10 {
		return fmt.Sprintf("%.2f %s", v, unit)
	}
	return fmt.Sprintf("%.4g %s", v, unit)
}

// Duration is a time in at most two units: "0.4 s", "31 s", "4 min 12 s", "3 h 5 min", "2 d 4 h".
func Duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "0 s"
	case d < 9950*time.Millisecond:
		return strings.Replace(fmt.Sprintf("%.1f s", d.Seconds()), ".0 ", " ", 1)
	case d.Round(time.Second) < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d.Round(time.Second) < time.Hour:
		return twoUnits(d.Round(time.Second), time.Minute, "min", time.Second, "s")
	case d.Round(time.Minute) < day:
		return twoUnits(d.Round(time.Minute), time.Hour, "h", time.Minute, "min")
	}
	return twoUnits(d.Round(time.Hour), day, "d", time.Hour, "h")
}

// twoUnits is a time in a unit and a smaller one, which is left out if it is 0.
func twoUnits(d, large time.Duration, name string, small time.Duration, smallName string) string {
	text := fmt.Sprintf("%d %s", d/large, name)
	if rest := d % large / small; rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, smallName)
	}
	return text
}

// short is Duration for a table: "0.4s", "31s", "4m12s", "3h5m", "2d4h".
func short(d time.Duration) string {
	return strings.NewReplacer(" min", "m", " ", "").Replace(Duration(d))
}
