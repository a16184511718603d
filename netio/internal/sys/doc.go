// Package sys makes the data path's system calls without telling Go's scheduler.
//
// An ordinary call hands the thread's P back after some 20 us in the kernel and must get one again afterwards, which shows
// as futex calls and as a scheduler's monitor that never rests. A raw call keeps the P. So it is for calls that cannot block:
// non-blocking descriptors that nobody else has, and at most a leg's worth of copying, some 100 us, by which a stop of the
// world may be late. Calls on descriptors that others have too are in blocking.go.
//
// Every function returns the number of bytes and 0, or 0 and the errno; EINTR is the caller's to repeat. Memory is the
// caller's again on return.
package sys
