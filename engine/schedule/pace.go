package schedule

import "time"

// Pace is the rate at which legs may leave a source, in bytes a second; 0: any.
type Pace float64

// PaceOf is the pace of so many bytes a second; 0: any.
func PaceOf(bytes uint64) Pace { return Pace(bytes) }

// Most bounds a leg of at most so many bytes, so that the pace is even: whole pages.
func (p Pace) Most(bytes int) int {
	if p == 0 {
		return bytes
	}
	pages := int(min(float64(p)*paceLeg.Seconds(), MaxLeg)) / MinLeg * MinLeg
	return min(bytes, max(pages, MinLeg))
}

// Next is when the leg after one of so many bytes may come, which was taken now and was due then; all times count from one beginning.
func (p Pace) Next(due, now time.Duration, bytes int) time.Duration {
	if p == 0 {
		return now
	}
	return max(due, now-paceCredit) + time.Duration(float64(bytes)/float64(p)*float64(time.Second))
}
