package words

import (
	"fmt"

	"viamillipede/engine/observe"
)

// EnginePath says how the bytes travelled at one end.
func EnginePath(p observe.EnginePath) string {
	text := planeName(p)
	if p.ZeroCopy > 0 {
		text += fmt.Sprintf(", %d calls zero-copy, of which the kernel copied %d", p.ZeroCopy, p.ZeroCopied)
	}
	if p.Checksum {
		text += ", crc32c"
	}
	if p.Checked {
		text += fmt.Sprintf(", prbs %#x checked", p.Seed)
	}
	return text
}

func planeName(p observe.EnginePath) string {
	counts := fmt.Sprintf(" for %d legs, %d legs copied", p.Legs, p.Copied)
	switch p.Plane {
	case observe.PlaneBlank:
		return "blank (sent from memory, write)"
	case observe.PlanePRBS:
		return "prbs (made in memory, write)"
	case observe.PlaneSplice:
		return "splice (pipe to socket)" + counts
	case observe.PlaneToPipe:
		return "splice (socket to pipe)" + counts
	case observe.PlaneToSink:
		return "splice (socket to pipe to sink)" + counts
	case observe.PlaneToPlace:
		return "splice (socket to pipe to file, each leg to its place)" + counts
	case observe.PlaneCopyFile:
		return fmt.Sprintf("copy (pread, write): %v", p.Why)
	case observe.PlaneSendFile:
		return sendFile(p, counts)
	}
	return fmt.Sprintf("copy (read, write): %v", p.Why)
}

func sendFile(p observe.EnginePath, counts string) string {
	const cache = "sendfile (page cache to socket)"
	switch {
	case p.Legs+p.Copied == 0:
		return cache + ", where links leave by a network card"
	case p.Why == nil:
		return cache
	}
	return fmt.Sprintf("%s%s: %v", cache, counts, p.Why)
}
