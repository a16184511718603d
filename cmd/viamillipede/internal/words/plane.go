package words

import (
	"fmt"

	"viamillipede/engine"
)

// EnginePath says how the bytes travelled at one end.
func EnginePath(p engine.EnginePath) string {
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

func planeName(p engine.EnginePath) string {
	counts := fmt.Sprintf(" for %d legs, %d legs copied", p.Legs, p.Copied)
	switch p.Plane {
	case engine.PlaneBlank:
		return "blank (sent from memory, write)"
	case engine.PlanePRBS:
		return "prbs (made in memory, write)"
	case engine.PlaneSplice:
		return "splice (pipe to socket)" + counts
	case engine.PlaneToPipe:
		return "splice (socket to pipe)" + counts
	case engine.PlaneToSink:
		return "splice (socket to pipe to sink)" + counts
	case engine.PlaneToPlace:
		return "splice (socket to pipe to file, each leg to its place)" + counts
	case engine.PlaneCopyFile:
		return fmt.Sprintf("copy (pread, write): %v", p.Why)
	case engine.PlaneSendFile:
		return sendFile(p, counts)
	}
	return fmt.Sprintf("copy (read, write): %v", p.Why)
}

func sendFile(p engine.EnginePath, counts string) string {
	const cache = "sendfile (page cache to socket)"
	switch {
	case p.Legs+p.Copied == 0:
		return cache + ", where links leave by a network card"
	case p.Why == nil:
		return cache
	}
	return fmt.Sprintf("%s%s: %v", cache, counts, p.Why)
}
