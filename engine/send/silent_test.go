package send

import (
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/internal/stream/streamtest"
	"viamillipede/engine/loop"
	"viamillipede/engine/schedule"
	"viamillipede/engine/send/course"
	"viamillipede/engine/ways"
	"viamillipede/engine/wire"
)

// A thread that had no CPU for long looks at what has come meanwhile before it calls a link dead.
func TestSilenceOfAThread(t *testing.T) {
	start := time.Unix(100, 0)
	for _, came := range []bool{true, false} {
		var words []byte
		if came {
			words = wire.Beat{}.Append(nil)
		}
		k := &txlink{Link: course.Link{
			Fleet: &course.Fleet{Time: schedule.Timing{Dead: 4 * time.Second, Stall: time.Second}},
			Path:  ways.NewPath(stream.Path{}, 0),
			Link: stream.Link{
				Conn: stream.Equip(&streamtest.Unread{Left: words}), Loop: &loop.Loop{Now: start.Add(9 * time.Second)}, Heard: start,
			},
		}}
		if err := k.died(); (err == nil) != came {
			t.Errorf("something has come: %v; it died: %v", came, err)
		}
	}
}
