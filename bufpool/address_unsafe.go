package bufpool

import "unsafe"

// address is where b begins in memory, used to check its alignment. b is not on the Go heap, so it does not move.
func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
