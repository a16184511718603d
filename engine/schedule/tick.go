package schedule

import "time"

// ToTick is how long it is until the next tick of a clock that ticks at multiples of every (more than 0), by the time of day. One that
// would come at once is left out, so that it is a quarter of every, or more.
func ToTick(now time.Time, every time.Duration) time.Duration {
	left := every - time.Duration(now.UnixNano())%every
	if left < every/4 {
		left += every
	}
	return left
}
