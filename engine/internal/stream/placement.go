package stream

import (
	"os"
	"reflect"
	"runtime"
	"slices"

	"viamillipede/affinity"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
)

// Placement is where the loops of one end run, and what decided that. It never changes: a better one replaces it.
type Placement struct {
	CPUs    []int // of each loop; -1: it is not pinned
	Devices []string
	nics    []affinity.NIC
	Machine *affinity.Machine // nil: nothing is known, or nothing depends on it
	serve   func(cpu int) int // Hooks.Serve
	few     bool              // the user has few threads: none is made just for a call
}

// Place decides where the loops run, given the devices through which the stream comes or goes: unless the user says otherwise, near
// the CPUs that take the interrupts of their queues. If that is not known, as on loopback, which has no queues, loopCPUs chooses. The
// caller says how many loops there are, because what the machine grants may have changed since it made them.
func (s Setup) Place(e End, devices []string, loops int) *Placement {
	p := &Placement{CPUs: s.LoopCPUs(e, loops), Devices: devices, serve: s.Serve, few: s.Means.Loops > 0}
	if p.CPUs[0] < 0 {
		return p
	}
	queues := false
	for _, d := range devices {
		nics, err := affinity.ReadNICs(root, d)
		if err != nil {
			continue // it has just gone; links will notice
		}
		p.nics = append(p.nics, nics...)
		queues = queues || slices.ContainsFunc(nics, func(n affinity.NIC) bool { return len(n.Interrupted()) > 0 })
	}
	steers := e == Receiving && len(p.CPUs) > 1
	if len(p.nics) == 0 && !steers {
		return p // as on loopback: nothing depends on the machine, and reading it takes a millisecond
	}
	m, err := affinity.ReadMachine(root)
	if err != nil {
		return p
	}
	p.Machine = m
	allowed, err := affinity.Allowed()
	if len(s.CPUs) > 0 || !queues || err != nil {
		return p
	}
	if len(allowed) > 0 {
		p.CPUs = m.Choose(affinity.Request{Loops: loops, Allowed: allowed, NICs: p.nics, Turn: os.Getpid() + int(e)})
	}
	return p
}

// Devices is a list of the named device; an empty one for "".
func Devices(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

// root is where the kernel's files are.
const root = "/"

// Owner is the loop that best serves what comes in on a CPU; -1: any.
func (p *Placement) Owner(cpu int) int {
	switch {
	case p.serve != nil:
		return p.serve(cpu)
	case p.Machine == nil:
		return -1
	}
	return p.Machine.Nearest(cpu, p.CPUs)
}

// Better is the loop that serves what comes in on a CPU better than the given one: it runs on that CPU, or on its node while the
// other does not; -1: none.
func (p *Placement) Better(cpu, than int) int {
	if cpu == p.CPUs[than] {
		return -1
	}
	to := p.Owner(cpu)
	switch {
	case to < 0 || to == than:
		return -1
	case p.serve != nil, p.CPUs[to] == cpu:
		return to
	case !p.Machine.SameNode(cpu, p.CPUs[than]) && p.Machine.SameNode(cpu, p.CPUs[to]):
		return to
	}
	return -1
}

// Nodes are the memory nodes of the loops; nil if there is only one, or none is known.
func (p *Placement) Nodes() []int {
	if p.Machine == nil || len(p.Machine.Nodes) < 2 {
		return nil
	}
	nodes := make([]int, len(p.CPUs))
	for i, cpu := range p.CPUs {
		nodes[i] = p.node(cpu)
	}
	return nodes
}

// node is the memory node of a CPU; -1: not known.
func (p *Placement) node(cpu int) int {
	if p.Machine != nil {
		for _, c := range p.Machine.CPUs {
			if c.ID == cpu {
				return c.Node
			}
		}
	}
	return -1
}

// Near calls f on a thread that is pinned to the CPU of the loop with that index. The device may choose the queue for what f sends by
// the CPU that it is sent on (XPS, Documentation/networking/scaling.rst): the queue is then the loop's, and remains so.
func (p *Placement) Near(at int, f func()) {
	cpu := p.CPUs[at]
	if cpu < 0 || p.few || !slices.ContainsFunc(p.nics, func(n affinity.NIC) bool { return len(n.TX) > 1 }) {
		f()
		return
	}
	done := make(chan error, 1)
	go func() {
		defer func() { done <- loop.Carried(recover()) }()
		runtime.LockOSThread() // never unlocked: the thread, with its pin, ends here
		_ = affinity.Pin(cpu)  // refused: another queue does as well
		f()
	}()
	if fault := <-done; fault != nil {
		panic(fault)
	}
}

// Data is what others are told about it.
func (p *Placement) Data() observe.Placement { return observe.Placement{CPUs: p.CPUs, NICs: p.nics} }

// tellNext reports the placement that replaces this one, unless it is the same.
func (p *Placement) tellNext(to observe.Observer, next *Placement) {
	if !reflect.DeepEqual(p.Data(), next.Data()) {
		observe.Tell(to, observe.LoopsPlaced{Placement: next.Data()})
	}
}

// describe says where the loops run.
func (p *Placement) describe() []observe.LoopStatus {
	var loops []observe.LoopStatus
	for _, cpu := range p.CPUs {
		loops = append(loops, observe.LoopStatus{CPU: cpu, Node: p.node(cpu)})
	}
	return loops
}
