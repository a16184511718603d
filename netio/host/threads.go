package host

import (
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Threads is how many threads the process may have.
type Threads struct {
	Have int    // now
	Room int    // how many more it may have; Unlimited if there is no limit
	By   string // what limits them, for people; "" if there is no limit
}

// Unlimited is the room if no limit is known.
const Unlimited = 1 << 30

// Threads reads the limits: pids.max of the control groups, and RLIMIT_NPROC on all the user's processes together, which
// counts threads (getrlimit(2)).
func (r Root) Threads() Threads {
	t := Threads{Have: int(r.fields("proc/self/status")["Threads"]), Room: Unlimited}
	for _, g := range r.Cgroups("pids") {
		most := r.limit(path.Join(g.Dir, "pids.max"))
		if most == none {
			continue
		}
		t.atMost(most-r.count(path.Join(g.Dir, "pids.current")), "this control group (pids.max)")
	}
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NPROC, &l) == nil {
		if room, ok := r.userRoom(l.Cur, os.Getuid()); ok {
			t.atMost(room, "this user (ulimit -u)")
		}
	}
	return t
}

func (t *Threads) atMost(room int64, by string) {
	if room < int64(t.Room) {
		t.Room, t.By = int(max(room, 0)), by
	}
}

// userRoom is how many threads a user may add if most are allowed; false if there is no limit, or if even all threads of
// the machine together are far below it.
func (r Root) userRoom(most uint64, uid int) (int64, bool) {
	if most > Unlimited || r.exempt(uid) {
		return 0, false
	}
	if room := int64(most) - r.tasks(); room >= plenty {
		return room, false
	}
	return int64(most) - r.threadsOf(uid), true
}

// plenty is more threads than any stream needs.
const plenty = 1024

// exempt reports whether RLIMIT_NPROC does not bind the process: it does not bind root, nor a process with the right
// capability (capabilities(7)) in the initial user namespace.
func (r Root) exempt(uid int) bool {
	return uid == 0 && r.OwnUsers() || r.Capable(SysAdmin, SysResource)
}

// tasks counts the threads of the whole machine: the fourth word of /proc/loadavg, "2/345", has them behind the slash
// (proc_loadavg(5)). If that cannot be read, the answer exceeds any limit.
func (r Root) tasks() int64 {
	if words := strings.Fields(r.Text("proc/loadavg")); len(words) >= 4 {
		_, all, _ := strings.Cut(words[3], "/")
		if n, err := strconv.ParseInt(all, 10, 64); err == nil {
			return n
		}
	}
	return none / 2
}

// threadsOf counts a user's threads, in the processes that we can see.
func (r Root) threadsOf(uid int) int64 {
	total := int64(0)
	for _, pid := range r.Processes() {
		f := r.fields(path.Join("proc", strconv.Itoa(pid), "status"))
		if f["Uid"] == int64(uid) && f["Pid"] != 0 {
			total += f["Threads"]
		}
	}
	return total
}
