package meter

import (
	"time"

	"viamillipede/engine/observe"
)

// absentAfter is how long a path has to be without a link, while others have some, until it is told of.
const absentAfter = time.Minute

// Absence finds paths that are gone for long while others work; when none works, the stream has an outage, which is told of as such. The
// zero Absence is ready to use, by one goroutine.
type Absence struct {
	paths []absence // by their order
}

// absence is since when a path has had no link while others had some; zero: it has one, or no other has.
type absence struct {
	since time.Time
	told  bool
}

// Gone is a path that is gone for long, or is back after that was told.
type Gone struct {
	observe.PathStatus
	Order int
	Since time.Time
	Back  bool
}

// Look returns what there is to tell after a Snapshot.
func (a *Absence) Look(s observe.Snapshot) (news []Gone) {
	if len(s.Paths) < 2 || linksUp(s.Links) == 0 {
		return nil
	}
	if len(a.paths) != len(s.Paths) {
		a.paths = make([]absence, len(s.Paths)) // a sender that listens has met another receiver
	}
	for i, p := range s.Paths {
		at := &a.paths[i]
		switch {
		case p.Off:
			*at = absence{}
			continue
		case p.Links > 0:
			if at.told {
				news = append(news, Gone{p, i, at.since, true})
			}
			*at = absence{}
			continue
		case at.since.IsZero():
			at.since = s.Time
			if !p.Since.IsZero() {
				at.since = p.Since
			}
		}
		if !at.told && s.Time.Sub(at.since) >= absentAfter {
			at.told = true
			news = append(news, Gone{p, i, at.since, false})
		}
	}
	return news
}
