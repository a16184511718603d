package words

import (
	"fmt"
	"strings"
	"time"

	"viamillipede/engine/observe"
)

// windowWorthTelling: the user is told that the window was too small if the stream waited for it for more than one part
// in so many of its time.
const windowWorthTelling = 50

// Summary is what a stream did, in one line.
func Summary(s observe.Summary) string {
	var b strings.Builder
	unsent := ""
	if s.Unsent > 0 {
		unsent = fmt.Sprintf(", %s of it not sent: holes, or there already", Bytes(s.Unsent))
	}
	fmt.Fprintf(&b, "%d bytes (%s%s) in %.3f s, %s/s, %d links lost", s.Bytes, Bytes(s.Bytes), unsent, s.Elapsed.Seconds(), Bytes(s.Rate()), s.LinksLost)
	if s.Cuts > 0 {
		fmt.Fprintf(&b, " (%d cut by chaos)", s.Cuts)
	}
	if s.Sender {
		fmt.Fprintf(&b, ", %d legs resent, %d bytes resent", s.LegsResent, s.BytesResent)
	}
	if s.WindowFull > s.Elapsed/windowWorthTelling {
		fmt.Fprintf(&b, ", the window was too small for %.1f s of it", s.WindowFull.Seconds())
	}
	if s.Moved > 0 {
		fmt.Fprintf(&b, ", %s moved to a nearer CPU", Number(int(s.Moved), "link"))
	}
	if s.Refused > 0 {
		fmt.Fprintf(&b, ", %d strangers refused", s.Refused)
	}
	if s.Coding != nil {
		fmt.Fprintf(&b, ", sidechain %s", Coding(*s.Coding))
	}
	fmt.Fprintf(&b, ", engine path: %s", EnginePath(s.EnginePath))
	return b.String()
}

// Coding is what a sidechain did.
func Coding(c observe.CodingSummary) string {
	text := c.Chain
	if c.Level != "" {
		text += " (now " + c.Level + ")"
	}
	text += fmt.Sprintf(": %s became %s", Bytes(c.Raw), Bytes(c.Coded))
	if c.Coded > 0 {
		text += fmt.Sprintf(" (%.2f to 1)", float64(c.Raw)/float64(c.Coded))
	}
	if c.Plain > 0 {
		text += fmt.Sprintf(", %d of %s as they are", c.Plain, Number(int(c.Legs), "leg"))
	}
	return text + fmt.Sprintf(", %.3f s of CPU", c.CPU.Seconds())
}

// PathSummary is what one path did for a stream, in one line. Only a sender knows what its acknowledgements say.
func PathSummary(p observe.PathSummary, sender bool) string {
	if p.NeverUp {
		return fmt.Sprintf("%s: never up: %s", pathNamed(p.Name), LastAttempt(p.Last))
	}
	text := fmt.Sprintf("%s: %s (%.1f %%), %s/s", pathNamed(p.Name), Bytes(p.Bytes), 100*p.Share, Bytes(p.Rate))
	if !sender {
		return fmt.Sprintf("%s, %d links lost", text, p.LinksLost)
	}
	return fmt.Sprintf("%s, round trip %v, %d links lost, legs rescued: %d from it, %d by it, head for %.1f %% of the time",
		text, p.RTT.Round(10*time.Microsecond), p.LinksLost, p.RescuedFrom, p.RescuedTo, 100*p.Head)
}

// pathNamed is a path in a sentence. One that a peer dials has no name here but its number, "path 1 from 192.0.2.1".
func pathNamed(name string) string {
	if strings.HasPrefix(name, "path ") {
		return name
	}
	return "path " + name
}

// LastAttempt says how the last attempt to connect by a path without a link failed.
func LastAttempt(err error) string {
	if err == nil {
		return "no answer yet"
	}
	return err.Error()
}

// Absent says that a path has had no link for so long, or that it has one again after that.
func Absent(p observe.PathStatus, back bool, d time.Duration) string {
	if back {
		return fmt.Sprintf("%s works again, after %s", pathNamed(p.Name), Duration(d))
	}
	return fmt.Sprintf("%s has had no link for %s, the others carry all: %s", pathNamed(p.Name), Duration(d), LastAttempt(p.Last))
}
