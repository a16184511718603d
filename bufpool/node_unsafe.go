package bufpool

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nodeMask is the kernel's nodemask: bit n is NUMA node n. It is made of unsigned longs, which have 64 bits on the
// machines we support.
type nodeMask [maxNodes / 64]uint64

// maxNodes bounds the numbers of NUMA nodes: 0 to maxNodes-1. No kernel has more (CONFIG_NODES_SHIFT is at most 10).
const maxNodes = 1024

// prefer asks that pages of b not yet in memory come from a node (mbind(2)). It is only a preference: if the node has
// none left, they come from others. MPOL_BIND would be strict, and a huge page that it cannot supply is a SIGBUS.
func prefer(b []byte, node int) error {
	var mask nodeMask
	mask[node/64] = 1 << (node % 64)
	_, _, errno := unix.RawSyscall6(unix.SYS_MBIND, address(b), uintptr(len(b)), unix.MPOL_PREFERRED,
		uintptr(unsafe.Pointer(&mask)), maxNodes+1, 0) // the kernel reads one bit fewer than it is told
	if errno != 0 {
		return fmt.Errorf("node %d: %w", node, os.NewSyscallError("mbind", errno))
	}
	return nil
}
