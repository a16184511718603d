package doctor

import (
	"errors"
	"io/fs"
	"strings"

	"viamillipede/netio/host"
)

// programKinds are the types of BPF programs that are tried.
var programKinds = []string{"SYSCALL", "SK_REUSEPORT", "SOCKET_FILTER", "SOCK_OPS"}

// bpfPrograms says which types of BPF programs may be loaded.
func bpfPrograms(l *look) Check {
	const name = "bpf"
	var may []string
	var why []error
	var failed []string
	for _, kind := range programKinds {
		if err := l.Kernel.Program(kind); err != nil {
			failed, why = append(failed, kind), append(why, err)
			continue
		}
		may = append(may, kind)
	}
	if len(failed) == 0 {
		return ok(name, "%s may be loaded", strings.Join(may, ", "))
	}
	found := strings.Join(failed, ", ") + ": " + oneLine(why[0])
	if len(may) > 0 {
		found = strings.Join(may, ", ") + " may be loaded; " + found
	}
	c := l.refused(name, errors.Join(why...))
	c.Found = found
	if c.Verdict == Off {
		c = l.grant(c)
	}
	return c
}

// grant adds to a verdict of Off how to give this program the rights to use BPF. More rights do not help a process that
// has them and is refused all the same.
func (l *look) grant(c Check) Check {
	if l.Capable(host.BPF, host.SysAdmin) || l.filtered() {
		return c
	}
	c.Advice = "root may, and so may a program that is given the rights"
	c.Fix = []string{`setcap cap_bpf,cap_perfmon,cap_net_admin+ep $(command -v viamillipede)`}
	return c
}

// bpfOpen says whether BPF needs rights on this machine. It advises no change, since that setting keeps others out, too.
func bpfOpen(l *look) Check {
	const name = "bpf_disabled"
	n, err := l.number(host.SysctlFile("kernel.unprivileged_bpf_disabled"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return bad(name, Missing, "this kernel has no BPF, or no such setting", "")
	case err != nil:
		return unread(name, err)
	case n == 0:
		return ok(name, "0: some types of programs need no rights")
	}
	return ok(name, "%d: programs need CAP_BPF", n)
}

// cgroup2 says to which cgroup programs of type SOCK_OPS can be attached.
func cgroup2(l *look) Check {
	const name = "cgroup2"
	if _, err := l.Read("proc/self/mountinfo"); err != nil {
		return unread(name, err)
	}
	at := l.Cgroup2()
	if at == "" {
		return bad(name, Missing, "not mounted: SOCK_OPS programs have nothing to be attached to", "",
			"mkdir -p /run/cgroup2 && mount -t cgroup2 none /run/cgroup2")
	}
	return ok(name, "mounted at %s", at)
}

// right says in one word whether a program of a type may be loaded, for machines.
func (l *look) right(kind string) string {
	if err := l.Kernel.Program(kind); err != nil {
		return oneLine(err)
	}
	return "ok"
}
