package engine

import (
	"net"
	"net/netip"
	"os"
	"reflect"
	"runtime"
	"slices"

	"viamillipede/affinity"
	"viamillipede/engine/loop"
	"viamillipede/engine/observe"
)

// placement is where the loops of one end run, and what decided that. It never changes: a better one replaces it.
type placement struct {
	cpus    []int // of each loop; -1: it is not pinned
	devices []string
	nics    []affinity.NIC
	machine *affinity.Machine // nil: nothing is known, or nothing depends on it
	serve   func(cpu int) int // Options.Serve
	few     bool              // the user has few threads: none is made just for a call
}

// place decides where the loops run, given the devices through which the stream comes or goes: unless the user says otherwise, near
// the CPUs that take the interrupts of their queues. If that is not known, as on loopback, which has no queues, loopCPUs chooses. The
// caller says how many loops there are, because what the machine grants may have changed since it made them.
func (o Options) place(e end, devices []string, loops int) *placement {
	p := &placement{cpus: o.loopCPUs(e, loops), devices: devices, serve: o.Serve, few: o.Means.Loops > 0}
	if p.cpus[0] < 0 {
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
	steers := e == receiving && len(p.cpus) > 1
	if len(p.nics) == 0 && !steers {
		return p // as on loopback: nothing depends on the machine, and reading it takes a millisecond
	}
	m, err := affinity.ReadMachine(root)
	if err != nil {
		return p
	}
	p.machine = m
	allowed, err := affinity.Allowed()
	if len(o.CPUs) > 0 || !queues || err != nil {
		return p
	}
	if len(allowed) > 0 {
		p.cpus = m.Choose(affinity.Request{Loops: loops, Allowed: allowed, NICs: p.nics, Turn: os.Getpid() + int(e)})
	}
	return p
}

// devices is a list of the named device; an empty one for "".
func devices(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

// root is where the kernel's files are.
const root = "/"

// owner is the loop that best serves what comes in on a CPU; -1: any.
func (p *placement) owner(cpu int) int {
	switch {
	case p.serve != nil:
		return p.serve(cpu)
	case p.machine == nil:
		return -1
	}
	return p.machine.Nearest(cpu, p.cpus)
}

// better is the loop that serves what comes in on a CPU better than the given one: it runs on that CPU, or on its node while the
// other does not; -1: none.
func (p *placement) better(cpu, than int) int {
	if cpu == p.cpus[than] {
		return -1
	}
	to := p.owner(cpu)
	switch {
	case to < 0 || to == than:
		return -1
	case p.serve != nil, p.cpus[to] == cpu:
		return to
	case !p.machine.SameNode(cpu, p.cpus[than]) && p.machine.SameNode(cpu, p.cpus[to]):
		return to
	}
	return -1
}

// nodes are the memory nodes of the loops; nil if there is only one, or none is known.
func (p *placement) nodes() []int {
	if p.machine == nil || len(p.machine.Nodes) < 2 {
		return nil
	}
	nodes := make([]int, len(p.cpus))
	for i, cpu := range p.cpus {
		nodes[i] = p.node(cpu)
	}
	return nodes
}

// node is the memory node of a CPU; -1: not known.
func (p *placement) node(cpu int) int {
	if p.machine != nil {
		for _, c := range p.machine.CPUs {
			if c.ID == cpu {
				return c.Node
			}
		}
	}
	return -1
}

// near calls f on a thread that is pinned to the CPU of the loop with that index. The device may choose the queue for what f sends by
// the CPU that it is sent on (XPS, Documentation/networking/scaling.rst): the queue is then the loop's, and remains so.
func (p *placement) near(at int, f func()) {
	cpu := p.cpus[at]
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

// data is what others are told about it.
func (p *placement) data() observe.Placement { return observe.Placement{CPUs: p.cpus, NICs: p.nics} }

// tellNext reports the placement that replaces this one, unless it is the same.
func (p *placement) tellNext(to observe.Observer, next *placement) {
	if !reflect.DeepEqual(p.data(), next.data()) {
		observe.Tell(to, observe.LoopsPlaced{Placement: next.data()})
	}
}

// settle places the loops near the devices through which the stream leaves, as soon as a name has led to an address: before the first
// link is dialled, and before there is memory for the window.
func (s *Sender) settle(p *pathState, to netip.Addr) {
	s.settling.Lock()
	defer s.settling.Unlock()
	if s.settled {
		return
	}
	devices := s.leavesBy(p, to)
	if len(devices) == 0 {
		return // no route yet
	}
	s.settled = true
	at := s.cfg.place(sending, devices, len(s.loops))
	for i, l := range s.loops {
		l.Repin(at.cpus[i])
	}
	s.placed.Swap(at).tellNext(s.observer, at)
}

// leavesBy returns the devices of the paths, as far as they are known now: that of the given path, and of those that need no name
// resolved.
func (s *Sender) leavesBy(p *pathState, to netip.Addr) (devices []string) {
	for _, q := range s.paths {
		device, addr := q.Via.Device, to
		if device == "" {
			if q != p {
				addr, _ = netip.ParseAddr(q.Host)
			}
			if addr.IsValid() {
				device = s.transport.DeviceTo(q.Path, addr)
			}
		}
		if device != "" && !slices.Contains(devices, device) {
			devices = append(devices, device)
		}
	}
	return devices
}

// settle places the loops near the device through which the first link has come, before there is memory for the window.
func (r *Receiver) settle(local net.Addr) {
	r.settling.Lock()
	defer r.settling.Unlock()
	addr, err := netip.ParseAddrPort(local.String())
	if err != nil || r.known() {
		return
	}
	device := r.transport.DeviceAt(addr.Addr())
	if device == "" || slices.Equal(r.placed.Load().devices, devices(device)) {
		return
	}
	at := r.cfg.place(receiving, devices(device), len(r.loops))
	for i, l := range r.loops {
		l.Repin(at.cpus[i])
	}
	r.placed.Swap(at).tellNext(r.observer, at)
	r.steer()
}

// known reports whether the sender has been met.
func (r *Receiver) known() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tenure.met()
}

// steer makes new connections come in at the listener of the loop that serves them best.
func (r *Receiver) steer() {
	at := r.placed.Load()
	if len(r.loops) == 1 || at.machine == nil {
		return
	}
	last := at.machine.CPUs[len(at.machine.CPUs)-1].ID
	r.doors.steer(last+1, at.owner)
}
