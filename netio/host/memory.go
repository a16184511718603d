package host

import (
	"path"

	"golang.org/x/sys/unix"
)

// Memory is what the control groups of the process grant it, in bytes.
type Memory struct {
	Limit int64 // the least in the hierarchy; 0 means no limit
	// Room is how much of that is left, the least in the hierarchy. Everybody in the group, ourselves included, counts as
	// using it; the page cache does not, since it gives way. 0 with a Limit means that nothing is left.
	Room int64
}

// Memory reads the limits: memory.max and memory.high, beyond which the kernel throttles a process, or
// memory.limit_in_bytes.
func (r Root) Memory() Memory {
	least := Memory{Limit: none, Room: none}
	for _, g := range r.Cgroups("memory") {
		limit, used, stat := r.limit(path.Join(g.Dir, "memory.limit_in_bytes")), "memory.usage_in_bytes", "total_"
		if g.Version == 2 {
			limit = min(r.limit(path.Join(g.Dir, "memory.max")), r.limit(path.Join(g.Dir, "memory.high")))
			used, stat = "memory.current", ""
		}
		if limit == none {
			continue
		}
		f := r.fields(path.Join(g.Dir, "memory.stat"))
		gives := f[stat+"active_file"] + f[stat+"inactive_file"] + f["slab_reclaimable"]
		room := limit - max(0, r.count(path.Join(g.Dir, used))-gives)
		least.Limit, least.Room = min(least.Limit, limit), min(least.Room, max(room, 0))
	}
	if least.Limit == none {
		return Memory{}
	}
	return least
}

// MachineMemory is how much memory the machine has, in bytes (sysinfo(2)); 0 if the kernel does not tell.
func MachineMemory() int64 {
	var si unix.Sysinfo_t
	if unix.Sysinfo(&si) != nil {
		return 0
	}
	return int64(si.Totalram) * int64(si.Unit)
}
