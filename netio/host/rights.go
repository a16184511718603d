package host

import (
	"slices"
	"strconv"
	"strings"
)

// Capability is a privilege of a process, by the kernel's number (linux/capability.h, capabilities(7)).
type Capability int

// The capabilities that our packages ask about.
const (
	NetAdmin    Capability = 12
	IPCLock     Capability = 14
	SysAdmin    Capability = 21
	SysResource Capability = 24
	BPF         Capability = 39
)

// Has reports whether this process has any of the capabilities in its own user namespace; false if that cannot be read.
func (r Root) Has(any ...Capability) bool {
	set, err := strconv.ParseUint(r.Field("proc/self/status", "CapEff"), 16, 64)
	return err == nil && slices.ContainsFunc(any, func(c Capability) bool { return set>>c&1 == 1 })
}

// Capable is Has for what the kernel grants only in the initial user namespace: the root of a container with a user
// namespace of its own (user_namespaces(7)) has every capability and is still bound by these limits.
func (r Root) Capable(any ...Capability) bool { return r.OwnUsers() && r.Has(any...) }

// OwnUsers reports whether the process sees the machine's own users: every user id maps to itself.
func (r Root) OwnUsers() bool {
	return slices.Equal(strings.Fields(r.Text("proc/self/uid_map")), []string{"0", "0", "4294967295"})
}
