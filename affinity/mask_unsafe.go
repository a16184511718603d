package affinity

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The masks of x/sys have 1024 CPUs, so its sched_getaffinity(2) fails with EINVAL on larger machines; hence our own
// wrappers. Neither call blocks, so neither returns EINTR. Thread 0 is the calling one.

// getAffinity reads the CPUs of the calling thread. The kernel writes as many bytes as its own mask has; the rest of
// mask stays as it is.
func getAffinity(mask *cpuMask) error {
	return affinityCall(unix.SYS_SCHED_GETAFFINITY, mask)
}

// setAffinity restricts the calling thread to the CPUs of mask.
func setAffinity(mask *cpuMask) error {
	return affinityCall(unix.SYS_SCHED_SETAFFINITY, mask)
}

func affinityCall(number uintptr, mask *cpuMask) error {
	_, _, errno := unix.RawSyscall(number, 0, unsafe.Sizeof(*mask), uintptr(unsafe.Pointer(mask)))
	if errno != 0 {
		return errno
	}
	return nil
}
