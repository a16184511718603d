package affinity

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"viamillipede/netio/host"
)

// NIC is a network device with hardware (or virtual) queues.
type NIC struct {
	Name   string
	Driver string  // "" for a device without hardware, such as a veth
	Node   int     // memory node; -1 if not known, or if the machine has only one
	RX, TX []Queue // by index
}

// Queue is one queue of a NIC.
type Queue struct {
	IRQ     int   // -1 if none was found
	CPUs    []int // CPUs that take its interrupts, ascending: those that the kernel uses, or else those that it may use
	Steered []int // RPS mask of an RX queue, XPS mask of a TX queue, ascending; nil if none
}

// Interrupted returns the CPUs where packets received by the NIC enter the kernel's protocols, ascending, without
// duplicates: those that take the interrupts of its RX queues or, for a queue with RPS, the CPUs of its mask.
func (n NIC) Interrupted() []int {
	var cpus []int
	for _, queue := range n.RX {
		if len(queue.Steered) > 0 {
			cpus = append(cpus, queue.Steered...)
		} else {
			cpus = append(cpus, queue.CPUs...)
		}
	}
	return sortedSet(cpus)
}

// String describes the NIC for people: "eth0 (mlx5_core, node 1), 32 RX queues on CPU 16-31,48-63".
func (n NIC) String() string {
	var notes []string
	if n.Driver != "" {
		notes = append(notes, n.Driver)
	}
	if n.Node >= 0 {
		notes = append(notes, fmt.Sprintf("node %d", n.Node))
	}
	s := n.Name
	if len(notes) > 0 {
		s += " (" + strings.Join(notes, ", ") + ")"
	}
	s += ", " + count(len(n.RX), "RX queue")
	if cpus := n.Interrupted(); len(cpus) > 0 {
		s += " on CPU " + FormatList(cpus)
	}
	return s
}

// ReadNICs returns the devices with queues that carry the traffic of a device: the device itself, or those below a bond,
// team, bridge, VLAN or macvlan, each once. Loopback has none. The root is "/" except in tests. The error names the file:
// that of a device that does not exist (fs.ErrNotExist), or one that holds something unexpected.
func ReadNICs(root host.Root, device string) ([]NIC, error) {
	t := tree{root}
	if device == "" || device == "." || device == ".." || strings.Contains(device, "/") {
		return nil, fmt.Errorf("network device %q: not a name", device)
	}
	if _, err := os.Stat(t.Path(netDir(device))); err != nil {
		return nil, err
	}
	var nics []NIC
	var table []interrupt
	for _, name := range t.carriers(device, map[string]bool{}) {
		if t.loopback(name) {
			continue
		}
		if table == nil {
			table = parseInterrupts(t.Text("proc/interrupts"))
		}
		nic, err := t.nic(name, table)
		if err != nil {
			return nil, err
		}
		nics = append(nics, nic)
	}
	return nics, nil
}

// netDir is the folder of a network device. It shows the devices of the network namespace that mounted /sys.
func netDir(device string) string { return "sys/class/net/" + device }

// loopback reports whether the hardware type is ARPHRD_LOOPBACK.
func (t tree) loopback(device string) bool {
	return device == "lo" || t.Text(netDir(device)+"/type") == "772"
}

// carriers returns the lowest devices below a device, or the device itself if there are none; not those already in seen.
func (t tree) carriers(device string, seen map[string]bool) []string {
	if seen[device] {
		return nil
	}
	seen[device] = true
	lower := t.lower(device)
	if len(lower) == 0 {
		return []string{device}
	}
	var names []string
	for _, name := range lower {
		names = append(names, t.carriers(name, seen)...)
	}
	return names
}

// lower returns the devices directly below a device: the links lower_NAME, and the slaves that a bond lists.
func (t tree) lower(device string) []string {
	var names []string
	entries, err := os.ReadDir(t.Path(netDir(device)))
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		if name, ok := strings.CutPrefix(entry.Name(), "lower_"); ok {
			names = append(names, name)
		}
	}
	for _, name := range strings.Fields(t.Text(netDir(device) + "/bonding/slaves")) {
		if !slices.Contains(names, name) && !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return !t.Exists(netDir(name)) })
}

// nic reads one device.
func (t tree) nic(name string, table []interrupt) (NIC, error) {
	n := NIC{Name: name, Node: -1}
	var err error
	if n.RX, err = t.queues(netDir(name)+"/queues/rx-", "/rps_cpus"); err != nil {
		return n, err
	}
	if n.TX, err = t.queues(netDir(name)+"/queues/tx-", "/xps_cpus"); err != nil {
		return n, err
	}
	// A device without hardware has no interrupts, even if hardware in another namespace has the same name.
	chain := t.hardware(name)
	if len(chain) == 0 {
		return n, nil
	}
	n.Driver = driver(chain[0])
	if n.Node, err = node(chain); err != nil {
		return n, err
	}
	n.connect(table, owners(name, chain), messageIRQs(chain))
	return n, t.affinities(&n)
}

// queues reads the queues whose folders begin with a prefix, and the steering mask of each.
func (t tree) queues(prefix, steering string) ([]Queue, error) {
	var queues []Queue
	for t.Exists(fmt.Sprint(prefix, len(queues))) {
		steered, err := t.mask(fmt.Sprint(prefix, len(queues), steering))
		if err != nil {
			return nil, err
		}
		queues = append(queues, Queue{IRQ: -1, Steered: steered})
	}
	return queues, nil
}

// hardware returns the folder of the hardware behind a network device and those above it up to the PCI function, as full
// paths: .../0000:00:03.0/virtio2 and .../0000:00:03.0 for a virtio device, the function alone for most others. None for
// a device without hardware.
func (t tree) hardware(name string) []string {
	dir, err := filepath.EvalSymlinks(t.Path(netDir(name) + "/device"))
	if err != nil {
		return nil
	}
	chain := []string{dir}
	for !isPCI(filepath.Base(dir)) {
		dir = filepath.Dir(dir)
		if base := filepath.Base(dir); base == "devices" || base == "/" || base == "." {
			break
		}
		chain = append(chain, dir)
	}
	return chain
}

// isPCI reports whether a folder belongs to a PCI function, such as 0000:3b:00.0.
func isPCI(base string) bool {
	bus, function, ok := strings.Cut(base, ".")
	return ok && len(function) == 1 && strings.Count(bus, ":") == 2 &&
		strings.Trim(bus+function, "0123456789abcdef:") == ""
}

// driver is the name of the driver bound to the hardware.
func driver(dir string) string {
	target, err := os.Readlink(filepath.Join(dir, "driver"))
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

// node is the memory node of the lowest folder that knows one, -1 if none does.
func node(chain []string) (int, error) {
	for _, dir := range chain {
		if node, err := (tree{host.Root(dir)}).number("numa_node", -1); err != nil || node >= 0 {
			return node, err
		}
	}
	return -1, nil
}

// messageIRQs returns the message-signalled interrupts of the hardware, ascending; nil if it does not list them.
func messageIRQs(chain []string) []int {
	for _, dir := range chain {
		if irqs := host.Root(dir).Numbered("msi_irqs", ""); len(irqs) > 0 {
			return irqs
		}
	}
	return nil
}

// owners returns the names by which an interrupt can show that it belongs to this device: the device's own, its
// hardware's (virtio2), and the address of the PCI function.
func owners(name string, chain []string) []string {
	names := []string{name, filepath.Base(chain[0])}
	if top := filepath.Base(chain[len(chain)-1]); isPCI(top) {
		names = append(names, top)
	}
	return names
}

// affinities fills in the CPUs that take the queues' interrupts.
func (t tree) affinities(n *NIC) error {
	known := map[int][]int{}
	for _, queues := range [][]Queue{n.RX, n.TX} {
		for i, queue := range queues {
			if queue.IRQ < 0 {
				continue
			}
			cpus, ok := known[queue.IRQ]
			if !ok {
				var err error
				if cpus, err = t.takers(queue.IRQ); err != nil {
					return err
				}
				known[queue.IRQ] = cpus
			}
			queues[i].CPUs = slices.Clone(cpus)
		}
	}
	return nil
}

// takers returns the CPUs that take an interrupt. The kernel keeps an interrupt allowed on many CPUs on one of them, and
// says on which if it was built to; for an interrupt not in use that list is empty.
func (t tree) takers(irq int) ([]int, error) {
	dir := fmt.Sprintf("proc/irq/%d/", irq)
	for _, name := range []string{"effective_affinity_list", "smp_affinity_list"} {
		if cpus, err := t.list(dir + name); err != nil || len(cpus) > 0 {
			return sortedSet(cpus), err
		}
	}
	return nil, nil
}
