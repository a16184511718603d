// Package sys makes the data path's system calls without telling Go's scheduler.
//
// An ordinary call loses the thread's P after about 20 us in the kernel and must acquire one again afterwards; the price
// is futex calls and a scheduler's monitor that never rests. A raw call keeps the P. So raw calls are only for what
// cannot block: non-blocking descriptors that nobody else has, and at most a leg's worth of copying, about 100 us, by
// which they may delay a stop of the world. Calls on descriptors shared with others are in blocking.go.
//
// Every function returns the number of bytes and 0, or 0 and the errno; repeating after EINTR is left to the caller.
// Memory passed in is the caller's again on return.
package sys
