// Package doctor examines a machine for what matters to a stream: what it has, and what to change to make a stream
// faster. It changes nothing itself.
//
// What the kernel shows in files is read below a root folder (read.go); the rest is asked through Kernel (kernel.go).
// Each check looks at one thing and gives one verdict: machine.go (CPUs and clock), card.go, queues.go and driver.go
// (network cards), tcp.go, pipes.go, memory.go, bpf.go. report.go writes the result for people and for programs.
//
// A check that could not look says so; it never guesses that all is well.
package doctor

import (
	"fmt"
	"strings"

	"viamillipede/affinity"
	"viamillipede/netio/host"
)

// Verdict is the outcome of a check.
type Verdict string

// The verdicts.
const (
	OK      Verdict = "ok"      // as it should be, or does not matter for the route
	Slow    Verdict = "slow"    // a stream works, but could be faster
	Off     Verdict = "off"     // there, but switched off, or not permitted to this user
	Missing Verdict = "missing" // the kernel or the device does not have it, or does not say
)

// Check is one thing that was looked at.
type Check struct {
	Name    string  // stable, such as "mtu"
	Device  string  // the network device it is about, or ""
	Verdict Verdict //
	Found   string  // what is there, one line
	Advice  string  // what the commands of Fix cannot say: when they are wise, or what to do if there are none
	Fix     []string
}

// Config says what to look at.
type Config struct {
	host.Root        // the folder that has proc and sys in it: "/"
	Kernel    Kernel // answers what no file shows
	Host      string // the route's target, as the user named it; "" for the default route
	Device    string // the device of the route; "" if there is none, see NoRoute

	NoRoute error // why there is no Device
}

// Look makes every check.
func Look(c Config) Report {
	l := &look{Config: c}
	l.gather()
	for _, check := range checks {
		l.checks = append(l.checks, check(l)...)
	}
	return Report{Checks: l.checks, Facts: l.facts()}
}

// checks are all checks, in the order of the report: the machine, the way to the network card, the card, TCP, pipes,
// memory, BPF.
var checks = []func(l *look) []Check{
	one(cpus), one(numa), one(quota), one(clock), one(governor), one(ciphers),
	one(route), (*look).cardChecks,
	one(sendBuffer), one(receiveBuffer), one(bufferLimits), one(congestion), one(qdisc), one(probing), one(ports),
	one(zeroCopy), one(optionMemory), one(lockedMemory),
	one(pipeMost), one(pipeBudget), one(pipes), one(vmsplice), one(splice), one(tee), one(provenance),
	one(hugePages), one(transparent), one(files),
	one(bpfPrograms), one(bpfOpen), one(cgroup2),
}

func one(check func(l *look) Check) func(l *look) []Check {
	return func(l *look) []Check { return []Check{check(l)} }
}

// look is one examination, and what is known so far.
type look struct {
	Config
	checks []Check

	machine    *affinity.Machine // nil if it cannot be read, see machineErr
	machineErr error
	allowed    []int // CPUs that this process may use; nil if the kernel does not tell
	allowedErr error
	cards      []*card // the cards of the route; none on loopback
}

// gather reads what more than one check needs.
func (l *look) gather() {
	l.machine, l.machineErr = affinity.ReadMachine(l.Root)
	l.allowed, l.allowedErr = l.Kernel.Allowed()
	l.gatherCards()
}

// loopback reports whether the route stays on this machine.
func (l *look) loopback() bool { return l.Device == "lo" }

// byCard reports whether the route leaves, or may leave, by hardware. On loopback and between containers many settings do
// not matter.
func (l *look) byCard() bool {
	for _, c := range l.cards {
		if c.hardware || c.unseen != nil {
			return true
		}
	}
	return false
}

func ok(name, format string, args ...any) Check {
	return Check{Name: name, Verdict: OK, Found: fmt.Sprintf(format, args...)}
}

// bad is a verdict with its remedy: commands, which may be none.
func bad(name string, v Verdict, found, advice string, fix ...string) Check {
	return Check{Name: name, Verdict: v, Found: found, Advice: advice, Fix: fix}
}

// unread is the verdict on what could not be read.
func unread(name string, err error) Check {
	return Check{Name: name, Verdict: Missing, Found: "cannot be read: " + oneLine(err)}
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
