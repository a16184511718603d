package bufpool

import "unsafe"

// address gives where b begins in memory, to find out how it is aligned. b is not on the Go heap, so it does not move.
func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
