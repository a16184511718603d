package bufpool_test

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nodeOf gives the NUMA node of the page that b begins in, which must have been touched (get_mempolicy(2)).
func nodeOf(b []byte) (node int32, err error) {
	_, _, errno := unix.RawSyscall6(unix.SYS_GET_MEMPOLICY, uintptr(unsafe.Pointer(&node)), 0, 0,
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), unix.MPOL_F_NODE|unix.MPOL_F_ADDR, 0)
	return node, os.NewSyscallError("get_mempolicy", errnoOrNil(errno))
}

// policyOf gives how memory for b is chosen: MPOL_DEFAULT, MPOL_PREFERRED and others, and the first 64 nodes of the wish.
func policyOf(b []byte) (policy int32, nodes uint64, err error) {
	var mask [16]uint64 // 1024 nodes
	_, _, errno := unix.RawSyscall6(unix.SYS_GET_MEMPOLICY, uintptr(unsafe.Pointer(&policy)),
		uintptr(unsafe.Pointer(&mask)), 1024+1, uintptr(unsafe.Pointer(unsafe.SliceData(b))), unix.MPOL_F_ADDR, 0)
	return policy, mask[0], os.NewSyscallError("get_mempolicy", errnoOrNil(errno))
}

func errnoOrNil(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
