package send

import (
	"reflect"
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/observe"
	"viamillipede/engine/observe/observetest"
	"viamillipede/engine/schedule"
	"viamillipede/engine/send/reach"
)

// An outage in which only small packets pass is told with the path and the size.
func TestOutcryNamesABlackHole(t *testing.T) {
	start := time.Unix(1000, 0)
	var told observetest.Told
	s := &Sender{}
	s.cfg.Paths = []stream.Path{{Host: "host0", Port: 8834}, {Host: "host1", Port: 8834}}
	s.reach, _ = reach.New(reach.Config{Sender: reached{s}, Life: &s.life, Setup: &s.cfg, Begun: &s.begun}, nil)
	p := s.reach.Paths()[1]
	s.life.Live(sendEnd{s}, &told, schedule.Timing{Tell: time.Second, TellAgain: time.Minute}, 0, 0)
	s.cfg.Dead = -1
	s.life.SetGiveup(time.Hour)
	s.life.Outage.Meet(start)
	s.life.Up = 3
	p.Hole.Store(1448)
	s.life.CryOut(start.Add(schedule.TellStuck*time.Second - 1))
	if len(told.Events) > 0 {
		t.Fatalf("told too early: %v", told.Events)
	}
	s.life.CryOut(start.Add(schedule.TellStuck * time.Second))
	want := observe.Outage{
		Sender: true, Dials: true, Since: start, At: start.Add(schedule.TellStuck * time.Second), Until: start.Add(time.Hour), Limit: observe.LimitGiveup, Links: 3,
		Why: observe.BlackHole{Path: "host1:8834", Bytes: 1448},
	}
	if got := told.Take(); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("told %+v, want %+v", got, want)
	}
}
