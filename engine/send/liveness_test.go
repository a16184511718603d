package send

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"viamillipede/engine/internal/stream"
	"viamillipede/engine/schedule"
)

// Legs of a fast path, which is lost, are large for the links that are left, whether those have carried something or not. One of them
// has to take each all the same: nothing else would ever move again.
func TestLargeLegsOfALostPath(t *testing.T) {
	t.Parallel()
	for _, slow := range []float64{2, 8, 50} { // Mbit/s
		for _, spill := range []time.Duration{0, time.Hour} {
			for _, loops := range []int{1, 2} {
				t.Run(fmt.Sprintf("%.0f Mbit/s, spill %v, loops %d", slow, spill, loops), func(t *testing.T) {
					t.Parallel()
					paths := lines(100*time.Microsecond, 1000, slow, slow)
					paths[1].spill, paths[2].spill = spill, spill
					setup := stream.Setup{
						Options: stream.Options{Window: 32 << 20, CPUs: slices.Repeat([]int{-1}, loops)}, Hooks: stream.Hooks{ForceSendFile: true},
					}
					sim := simulateFrom(t, hole(t), stream.SendSetup{Setup: setup}, 2, paths...)
					sim.run(3 * time.Second)
					for _, c := range sim.links {
						if c.path == paths[0] {
							c.k.lost = func(schedule.Use) {}
							c.k.lose(errors.New("cut"))
						}
					}
					for i := range sim.again {
						sim.again[i] = true
					}
					before := sim.next
					if sim.run(sim.now + time.Minute); sim.next == before {
						t.Fatal("nothing moves")
					}
					before = sim.next
					if sim.run(sim.now + time.Minute); sim.next == before {
						t.Error("nothing moves any more")
					}
				})
			}
		}
	}
}
