package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"viamillipede/affinity"
)

// cpus says what the machine is made of. One CPU is shared by the loops, the producer or consumer, and the kernel.
func cpus(l *look) Check {
	const name = "cpus"
	switch {
	case l.machineErr != nil:
		return unread(name, l.machineErr)
	case l.allowedErr != nil:
		return unread(name, l.allowedErr)
	}
	packages, cores := map[int]bool{}, map[int]bool{}
	for _, c := range l.machine.CPUs {
		packages[c.Package] = true
		cores[slices.Min(append([]int{c.ID}, c.Siblings...))] = true
	}
	found := fmt.Sprintf("%s, %s, %s: this process may use %s", count(len(packages), "socket"), count(len(cores), "core"),
		count(len(l.machine.CPUs), "thread"), affinity.FormatList(l.allowed))
	if len(l.allowed) < 2 && len(l.machine.CPUs) > 1 {
		return bad(name, Slow, found, "one CPU for the stream, its neighbours and the kernel: allow more",
			fmt.Sprintf("taskset -c %s viamillipede ...", affinity.FormatList(l.everyCPU())))
	}
	if len(l.allowed) < 2 {
		return bad(name, Slow, found, "the stream, its neighbours and the kernel share it")
	}
	return ok(name, "%s", found)
}

// everyCPU lists the machine's CPUs.
func (l *look) everyCPU() (all []int) {
	for _, c := range l.machine.CPUs {
		all = append(all, c.ID)
	}
	return all
}

// numa says whether this process may run on the node of its network card.
func numa(l *look) Check {
	const name = "numa"
	if l.machineErr != nil {
		return unread(name, l.machineErr)
	}
	nodes := len(l.machine.Nodes)
	switch nodes {
	case 0:
		return ok(name, "none: memory is equally near to every CPU")
	case 1:
		return ok(name, "1 node")
	}
	found := count(nodes, "node")
	for _, c := range l.cards {
		here := l.onNode(c.Node)
		if c.Node < 0 || len(here) == 0 {
			found += fmt.Sprintf("; that of %s is not known", c.Name)
			continue
		}
		found += fmt.Sprintf("; %s is on node %d", c.Name, c.Node)
		if len(intersect(here, l.allowed)) == 0 && l.allowedErr == nil {
			return bad(name, Slow, found+", of whose CPUs this process may use none", "",
				fmt.Sprintf("taskset -c %s viamillipede ...", affinity.FormatList(here)))
		}
	}
	return ok(name, "%s", found)
}

// onNode lists the CPUs of a node; nil if there is no such node.
func (l *look) onNode(node int) []int {
	if l.machine == nil {
		return nil
	}
	for _, n := range l.machine.Nodes {
		if n.ID == node {
			return n.CPUs
		}
	}
	return nil
}

func intersect(a, b []int) (both []int) {
	for _, n := range a {
		if slices.Contains(b, n) {
			both = append(both, n)
		}
	}
	return both
}

// quota says whether a cgroup gives the process less than its CPUs.
func quota(l *look) Check {
	const name = "quota"
	switch {
	case l.machineErr != nil:
		return unread(name, l.machineErr)
	case l.machine.Quota <= 0:
		return ok(name, "none: no cgroup limits the CPUs")
	}
	found := fmt.Sprintf("a cgroup gives %s CPUs of %d", figure(l.machine.Quota), len(l.allowed))
	if l.allowedErr != nil || l.machine.Quota >= float64(len(l.allowed)) {
		return ok(name, "%s", found)
	}
	const advice = "raise the quota of the cgroup that this process is in"
	if file := l.quotaFile(); file != "" {
		return bad(name, Slow, found, advice, "echo max > "+file)
	}
	return bad(name, Slow, found, advice)
}

// quotaFile is cpu.max of this process's cgroup, version 2, or of the nearest one above that has a limit; "" if it cannot
// be found.
func (l *look) quotaFile() string {
	for _, g := range l.Cgroups("cpu") {
		file := path.Join(g.Dir, "cpu.max")
		if limit := l.Text(file); g.Version == 2 && limit != "" && !strings.HasPrefix(limit, "max") {
			return file
		}
	}
	return ""
}

// slowClocks are clock sources that are read through a device or a hypercall; each read costs a system call or more.
var slowClocks = []string{"hpet", "acpi_pm", "pit", "jiffies", "refined-jiffies", "xen"}

const clockFolder = "sys/devices/system/clocksource/clocksource0"

// clock says which clock source is in use: every leg and every round of a loop reads the time.
func clock(l *look) Check {
	const name = "clock"
	now, err := l.Read(clockFolder + "/current_clocksource")
	if err != nil {
		return unread(name, err)
	}
	if !slices.Contains(slowClocks, now) {
		return ok(name, "%s", now)
	}
	others := l.Text(clockFolder + "/available_clocksource")
	for _, other := range strings.Fields(others) {
		if !slices.Contains(slowClocks, other) {
			return bad(name, Slow, now+": each look at the clock is a system call", "",
				fmt.Sprintf("echo %s > /%s/current_clocksource", other, clockFolder))
		}
	}
	return bad(name, Slow, now+": each look at the clock is a system call", "the kernel offers no better one: "+others)
}

// cipherFlags are the instructions that AES-GCM needs, as the kernel names them: those of amd64, and those of arm64.
var cipherFlags = [][]string{{"aes", "pclmulqdq"}, {"aes", "pmull"}}

// ciphers says whether private streams (key) have the instructions that make them fast.
func ciphers(l *look) Check {
	const name = "aes"
	text, err := l.Read("proc/cpuinfo")
	if err != nil {
		return unread(name, err)
	}
	for line := range strings.Lines(text) {
		what, flags, _ := strings.Cut(line, ":")
		if what = strings.TrimSpace(what); what != "flags" && what != "Features" {
			continue
		}
		has := strings.Fields(flags)
		for _, all := range cipherFlags {
			if !slices.ContainsFunc(all, func(f string) bool { return !slices.Contains(has, f) }) {
				return ok(name, "%s: private streams (key) are sealed by the CPU", strings.Join(all, ", "))
			}
		}
		break
	}
	return bad(name, Slow, "no AES instructions: private streams (key) are sealed with ChaCha20, which takes more CPU time", "another machine has them")
}

// governor says whether the CPUs are held at a low frequency.
func governor(l *look) Check {
	const name = "governor"
	if l.allowedErr != nil {
		return unread(name, l.allowedErr)
	}
	found, saving := map[string]int{}, false
	var names []string
	for _, cpu := range l.allowed {
		g, err := l.Read(fmt.Sprintf("sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return unread(name, err)
		}
		if found[g]++; found[g] == 1 {
			names = append(names, g)
		}
		saving = saving || g == "powersave"
	}
	switch {
	case len(names) == 0:
		return ok(name, "none here: the kernel does not set the CPUs' speed")
	case !saving:
		return ok(name, "%s", strings.Join(names, ", "))
	}
	return bad(name, Slow, fmt.Sprintf("%s on %d of %s", "powersave", found["powersave"], count(len(l.allowed), "CPU")), "",
		"echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")
}
