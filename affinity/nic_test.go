package affinity

import (
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"

	"viamillipede/netio/host"
)

func readNICs(t testing.TB, root, device string) []NIC {
	t.Helper()
	nics, err := ReadNICs(host.Root(root), device)
	if err != nil {
		t.Fatal(err)
	}
	return nics
}

func TestVirtioNIC(t *testing.T) {
	root := fixture(t, "virtio")
	want := []NIC{{
		Name: "eth0", Driver: "virtio_net", Node: -1,
		RX: []Queue{
			{IRQ: 38, CPUs: []int{1}},
			{IRQ: 40, CPUs: []int{3}}, // not in use: where it may go
		},
		TX: []Queue{
			{IRQ: 39, CPUs: []int{0}, Steered: []int{0, 2}},
			{IRQ: 41, CPUs: []int{1, 3}, Steered: []int{1, 3}}, // a kernel that does not say where it goes
		},
	}}
	got := readNICs(t, root, "eth0")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if cpus := got[0].Interrupted(); !slices.Equal(cpus, []int{1, 3}) {
		t.Errorf("interrupts go to %v", cpus)
	}
	if nics := readNICs(t, root, "lo"); len(nics) > 0 {
		t.Errorf("loopback has NICs: %v", nics)
	}
}

func TestBigNIC(t *testing.T) {
	nics := readNICs(t, bigMachine(t), "ens5")
	if len(nics) != 1 || len(nics[0].RX) != 32 || len(nics[0].TX) != 32 {
		t.Fatalf("got %v", nics)
	}
	for i := range 32 {
		rx, tx := nics[0].RX[i], nics[0].TX[i]
		if cpu := []int{onNode1(i)}; rx.IRQ != 101+i || tx.IRQ != 101+i || !slices.Equal(rx.CPUs, cpu) || !slices.Equal(tx.Steered, cpu) {
			t.Errorf("queue %d has %+v and %+v, want IRQ %d on CPU %d", i, rx, tx, 101+i, cpu[0])
		}
	}
	const want = "ens5 (mlx5_core, node 1), 32 RX queues on CPU 16-31,48-63"
	if got := nics[0].String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The bond has a third slave that is not of this namespace, the ports are below the bridge twice, and the interrupt lines
// of a third port, which is not asked for, are there too.
func TestBond(t *testing.T) {
	root := fixture(t, "bond")
	want := []string{"eno2 (ixgbe, node 1), 2 RX queues on CPU 5-6", "ens1 (ice, node 0), 2 RX queues on CPU 0,2"}
	for _, device := range []string{"bond0", "bond0.100", "br0", "mac0"} {
		var got []string
		for _, nic := range readNICs(t, root, device) {
			got = append(got, nic.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("below %s are %q, want %q", device, got, want)
		}
	}
	ports := readNICs(t, root, "ens1")
	if len(ports) != 1 || !slices.Equal(irqs(ports[0].RX), []int{71, 72}) {
		t.Errorf("of ens1: %+v", ports)
	}
}

// A device without hardware has no interrupts, and RPS says where its packets go on.
func TestVeth(t *testing.T) {
	want := []NIC{{
		Name: "eth0", Node: -1,
		RX: []Queue{{IRQ: -1, Steered: []int{2, 3, 39}}, {IRQ: -1, Steered: []int{4, 5}}},
		TX: []Queue{{IRQ: -1}},
	}}
	got := readNICs(t, fixture(t, "veth"), "eth0")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if cpus := got[0].Interrupted(); !slices.Equal(cpus, []int{2, 3, 4, 5, 39}) {
		t.Errorf("packets go to %v", cpus)
	}
	got = readNICs(t, fixture(t, "container"), "eth0")
	if len(got) != 1 || got[0].Interrupted() != nil || got[0].String() != "eth0, 1 RX queue" {
		t.Errorf("of a container: %+v", got)
	}
}

// A small virtual machine has no PCI: one interrupt, which has the name of the virtio device, serves all queues.
func TestNoBus(t *testing.T) {
	root := t.TempDir()
	const hardware = "sys/devices/platform/a0003e00.virtio_mmio/virtio0"
	link(t, root, "sys/class/net/eth0", "../../devices/platform/a0003e00.virtio_mmio/virtio0/net/eth0")
	link(t, root, hardware+"/net/eth0/device", "../../../virtio0")
	put(t, root, hardware+"/net/eth0/queues/rx-0/rps_cpus", "0\n")
	put(t, root, "proc/interrupts", " 5: 1 0 GICv3 37 Edge virtio0\n 6: 1 0 GICv3 38 Edge virtio1\n")
	put(t, root, "proc/irq/5/effective_affinity_list", "1\n")
	nics := readNICs(t, root, "eth0")
	if len(nics) != 1 || !reflect.DeepEqual(nics[0].RX, []Queue{{IRQ: 5, CPUs: []int{1}}}) || nics[0].Node != -1 {
		t.Errorf("got %+v", nics)
	}
}

func TestSteeredQueuesCountWhereTheyAreSteered(t *testing.T) {
	n := NIC{RX: []Queue{{CPUs: []int{7}, Steered: []int{1, 2}}, {CPUs: []int{5, 2}}}, TX: []Queue{{CPUs: []int{9}}}}
	if got := n.Interrupted(); !slices.Equal(got, []int{1, 2, 5}) {
		t.Errorf("got %v", got)
	}
}

func TestNoNIC(t *testing.T) {
	root := fixture(t, "virtio")
	if nics, err := ReadNICs(host.Root(root), "eth9"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "eth9") {
		t.Errorf("got %v, %v", nics, err)
	}
	for _, name := range []string{"", ".", "..", "../net/eth0", "/"} {
		if nics, err := ReadNICs(host.Root(root), name); err == nil {
			t.Errorf("device %q: %v", name, nics)
		}
	}
	// Two that are each below the other are no NIC, and no endless loop.
	put(t, root, "sys/class/net/a/bonding/slaves", "b a\n")
	put(t, root, "sys/class/net/b/bonding/slaves", "a\n")
	if nics := readNICs(t, root, "a"); len(nics) > 0 {
		t.Errorf("a circle has NICs: %v", nics)
	}
}

// What is missing makes less known, and no error.
func TestAbsentNICFiles(t *testing.T) {
	for _, name := range []string{
		"proc/interrupts", "proc/irq", "sys/devices/pci0000:00/0000:00:03.0/numa_node", "sys/devices/pci0000:00/0000:00:03.0/msi_irqs",
		"sys/devices/pci0000:00/0000:00:03.0/virtio2/driver", "sys/devices/pci0000:00/0000:00:03.0/virtio2/net/eth0/device",
		"sys/devices/pci0000:00/0000:00:03.0/virtio2/net/eth0/queues/rx-0/rps_cpus",
	} {
		root := fixture(t, "virtio")
		drop(t, root, name)
		if nics := readNICs(t, root, "eth0"); len(nics) != 1 || len(nics[0].RX) != 2 || len(nics[0].TX) != 2 {
			t.Errorf("without %s: %+v", name, nics)
		}
	}
	root := fixture(t, "virtio")
	drop(t, root, "sys/devices/pci0000:00/0000:00:03.0/virtio2/net/eth0/queues")
	if nics := readNICs(t, root, "eth0"); len(nics) != 1 || nics[0].RX != nil {
		t.Errorf("without queues: %+v", nics)
	}
}

func TestMalformedNICFiles(t *testing.T) {
	const device = "sys/devices/pci0000:00/0000:00:03.0/"
	for _, c := range []struct{ name, text string }{
		{"proc/irq/38/effective_affinity_list", "1-"},
		{"proc/irq/40/smp_affinity_list", "all"},
		{device + "numa_node", "one"},
		{device + "virtio2/net/eth0/queues/rx-1/rps_cpus", "0,xyz"},
		{device + "virtio2/net/eth0/queues/tx-0/xps_cpus", "1,"},
	} {
		root := fixture(t, "virtio")
		put(t, root, c.name, c.text)
		if nics, err := ReadNICs(host.Root(root), "eth0"); err == nil || !strings.Contains(err.Error(), c.name[strings.LastIndex(c.name, "/"):]) {
			t.Errorf("%s is %q: %+v, %v", c.name, c.text, nics, err)
		}
	}
	root := fixture(t, "virtio")
	put(t, root, "proc/interrupts", "\x00:\n38\n 38:,,,\n999: - @ -1\n")
	readNICs(t, root, "eth0")
}
