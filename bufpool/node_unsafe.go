package bufpool

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nodeMask is the kernel's nodemask: bit n of the whole is NUMA node n. Its unit is the unsigned long, which is 64 bits on
// the machines that we support.
type nodeMask [maxNodes / 64]uint64

// maxNodes bounds NUMA nodes: 0 to maxNodes-1. No kernel has more (CONFIG_NODES_SHIFT is at most 10).
const maxNodes = 1024

// prefer asks that pages of b which are not in memory yet come from a node (mbind(2)). It is a wish: where the node has
// none left, they come from others. MPOL_BIND would be a command, and a huge page that it cannot get is a SIGBUS.
func prefer(b []byte, node int) error {
	var mask nodeMask
	mask[node/64] = 1 << (node % 64)
	_, _, errno := unix.RawSyscall6(unix.SYS_MBIND, address(b), uintptr(len(b)), unix.MPOL_PREFERRED,
		uintptr(unsafe.Pointer(&mask)), maxNodes+1, 0) // the kernel reads one bit less than it is told
	if errno != 0 {
		return fmt.Errorf("node %d: %w", node, os.NewSyscallError("mbind", errno))
	}
	return nil
}
