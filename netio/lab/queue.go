package lab

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Spread makes these CPUs handle what arrives in one queue of a side's device of path i, each flow always on the same CPU
// (RPS, Documentation/networking/scaling.rst). Without CPUs it is as with a new device: the sending CPU handles it.
func (l *Lab) Spread(side Side, i, queue int, cpus ...int) error {
	name := fmt.Sprintf("class/net/%s/queues/rx-%d/rps_cpus", device(i), queue)
	return l.sides[side].visit(func() error { return writeSys(name, mask(cpus)) })
}

// Choose makes what these CPUs send leave in one queue of a side's device of path i (XPS, same document). Without CPUs it
// is as with a new device: each flow gets a queue by its hash.
func (l *Lab) Choose(side Side, i, queue int, cpus ...int) error {
	name := fmt.Sprintf("class/net/%s/queues/tx-%d/xps_cpus", device(i), queue)
	return l.sides[side].visit(func() error { return writeSys(name, mask(cpus)) })
}

// mask is a set of CPUs as the kernel writes it: groups of 32 bits in hexadecimal, the highest first.
func mask(cpus []int) string {
	groups := make([]uint32, 1+slices.Max(append(cpus, 0))/32)
	for _, cpu := range cpus {
		groups[len(groups)-1-cpu/32] |= 1 << (cpu % 32)
	}
	var words []string
	for i, g := range groups {
		words = append(words, fmt.Sprintf([]string{"%x", "%08x"}[min(i, 1)], g))
	}
	return strings.Join(words, ",")
}

// Poll makes the kernel poll a side's device of path i like a network card, each queue separately (NAPI): packets then
// record which queue they came in. An XDP program that passes everything on makes a veth device do so.
func (l *Lab) Poll(side Side, i int) error {
	pass, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type:         ebpf.XDP,
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 2), asm.Return()}, // XDP_PASS, linux/bpf.h
	})
	if err != nil {
		return fmt.Errorf("load a program for XDP: %w", err)
	}
	defer pass.Close()
	return l.onDevice(side, i, func(dev netlink.Link) error { return netlink.LinkSetXdpFd(dev, pass.FD()) })
}

// writeSys writes to a file of sysfs, which shows the devices of the namespace in which it was mounted. So it makes a
// detached mount in the calling thread's namespace (Linux 5.2, fsmount(2)).
func writeSys(name, value string) error {
	fs, err := unix.Fsopen("sysfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("fsopen", err)
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return os.NewSyscallError("fsconfig", err)
	}
	root, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("fsmount", err)
	}
	defer unix.Close(root)
	return os.WriteFile(fmt.Sprintf("/proc/thread-self/fd/%d/%s", root, name), []byte(value), 0)
}
