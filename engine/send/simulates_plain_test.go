//go:build !race && !faults

package send

// simulates: senders over simulated networks; a plain run has them.
const simulates = true
