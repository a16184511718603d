package host

import (
	"slices"
	"strconv"
	"strings"
)

// Capability is a right of a process, by the kernel's number (linux/capability.h, capabilities(7)).
type Capability int

// The capabilities that are asked for.
const (
	NetAdmin    Capability = 12
	IPCLock     Capability = 14
	SysAdmin    Capability = 21
	SysResource Capability = 24
	BPF         Capability = 39
)

// Has reports whether this process has one of the capabilities in its own user namespace; none where that is not told.
func (r Root) Has(any ...Capability) bool {
	set, err := strconv.ParseUint(r.Field("proc/self/status", "CapEff"), 16, 64)
	return err == nil && slices.ContainsFunc(any, func(c Capability) bool { return set>>c&1 == 1 })
}

// Capable is Has for what the kernel grants to the machine's own users alone: the root of a container with users of its own
// (user_namespaces(7)) has every capability, and these limits all the same.
func (r Root) Capable(any ...Capability) bool { return r.OwnUsers() && r.Has(any...) }

// OwnUsers reports whether the users that this process sees are the machine's own: all numbers are what they are.
func (r Root) OwnUsers() bool {
	return slices.Equal(strings.Fields(r.Text("proc/self/uid_map")), []string{"0", "0", "4294967295"})
}
