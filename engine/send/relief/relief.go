// Package relief decides whether a sender's second loop helps the first, where there is a CPU for one loop and the source is a pipe.
//
// It does while the first loop has no link for a leg, and while the producer lends its pages. Such legs are copied, twice, and the producer
// needs no CPU for them: one loop reads a leg while the other sends one. A producer that writes needs the CPU itself, so the helper rests.
package relief

import "sync/atomic"

// Helper is the second loop, as far as it is one that helps. Any loop may call its methods.
type Helper struct {
	On       bool        // there is one; set before a loop runs
	helpless atomic.Bool // the first loop has no link for a leg
}

// share: one of so many links of a path is the helper's.
const share = 4

// Has is the loop of a path's link, given by its number among those.
func (h *Helper) Has(link int) (loop int) {
	if link%share == share-1 {
		return 1
	}
	return 0
}

// Rests reports whether a loop leaves new legs to the first one; lent: the producer lends its pages.
func (h *Helper) Rests(loop int, lent bool) bool {
	return h.On && loop > 0 && !lent && !h.helpless.Load()
}

// Looks notes whether a loop that has looked for something to do was helpless: it has no link for a leg. It reports whether the helper has
// to be called.
func (h *Helper) Looks(loop int, helpless bool) (calls bool) {
	return h.On && loop == 0 && h.helpless.Swap(helpless) != helpless && helpless
}
