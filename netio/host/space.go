package host

import "golang.org/x/sys/unix"

// Space is how many more bytes the process may map.
type Space struct {
	Room int64  // 0 means none at all
	By   string // what bounds it, for people; "" if nothing does
}

// Space reads the process's limits on mappings: on all of them, of which Go reserves many and uses few (RLIMIT_AS), and
// on private writable ones (RLIMIT_DATA, getrlimit(2)).
func (r Root) Space() Space {
	used := r.fields("proc/self/status") // in KiB, proc_pid_status(5)
	least := Space{Room: none}
	least.atMost(unix.RLIMIT_AS, used["VmSize"]<<10, "ulimit -v")
	least.atMost(unix.RLIMIT_DATA, used["VmData"]<<10, "ulimit -d")
	return least
}

// atMost applies a limit, of which used bytes are taken.
func (s *Space) atMost(resource int, used int64, by string) {
	var l unix.Rlimit
	if unix.Getrlimit(resource, &l) != nil || l.Cur > none/2 {
		return
	}
	if room := max(0, int64(l.Cur)-used); room < s.Room {
		*s = Space{room, by}
	}
}
