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

// Legs of a fast path, which is lost, are large for the links that are left. One of them has to take each all the same: nothing else
// would ever move again.
func TestLargeLegsOfALostPath(t *testing.T) {
	t.Parallel()
	for loops := 1; loops <= 2; loops++ {
		t.Run(fmt.Sprintf("%d loops", loops), func(t *testing.T) {
			t.Parallel()
			paths := lines(100*time.Microsecond, 1000, 2, 2)
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
			sim.run(sim.now + 30*time.Second)
			before := sim.next
			if sim.run(sim.now + 30*time.Second); sim.next == before {
				t.Error("nothing moves any more")
			}
		})
	}
}
