package ring

// Seq is the number of a leg: a serial number that wraps from 1<<64-1 to 0. Two numbers are compared by their signed
// difference (in the manner of RFC 1982), which is right while they are less than 1<<63 apart; the credit of a ring is
// far below that.
type Seq uint64

// Before reports whether a comes before b.
func (a Seq) Before(b Seq) bool { return a.Distance(b) < 0 }

// Distance returns how many legs a is ahead of b; negative if a comes before b.
func (a Seq) Distance(b Seq) int64 { return int64(a - b) }
