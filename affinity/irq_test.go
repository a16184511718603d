package affinity

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestParseInterrupts(t *testing.T) {
	got := parseInterrupts(`           CPU0       CPU1
  0:         12          0  IR-IO-APIC   2-edge      timer
 16:         12          0  IR-IO-APIC  16-fasteoi   ehci_hcd:usb1, eth0
 38:          0       6238 PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0
 54:          0      29863   ITS-MSI 524289 Edge      virtio0-input.0
 99:          0          0  GICv3 176 Level     PCIe PME, aerdrv
NMI:          0          0   Non-maskable interrupts
ERR:          0
 -3:          0          0  x  y
99999999999: 0 0 x y
7
8:
`)
	want := []interrupt{
		{0, []string{"timer"}}, {16, []string{"ehci_hcd:usb1", "eth0"}}, {38, []string{"virtio2-input.0"}},
		{54, []string{"virtio0-input.0"}}, {99, []string{"PME", "aerdrv"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestParseQueueName(t *testing.T) {
	const pci = "0000:3b:00.0"
	for name, want := range map[string]queueName{
		"mlx5_comp3@pci:" + pci:        {pci, both, 3},
		"mlx4-3@" + pci:                {pci, both | bare, 3},
		"ice-eth0-TxRx-3":              {"ice-eth0", both, 3},
		"i40e-eth0-TxRx-13":            {"i40e-eth0", both, 13},
		"eth0-TxRx-3":                  {"eth0", both, 3},
		"eth0-rx-3":                    {"eth0", receives, 3},
		"eth0-tx-3":                    {"eth0", sends, 3},
		"eth0-rxtx-3":                  {"eth0", both, 3},
		"eth0-fp-3":                    {"eth0", both, 3},
		"eth0-Tx-Rx-3":                 {"eth0", both, 3},
		"virtio2-input.3":              {"virtio2", receives, 3},
		"virtio2-output.3":             {"virtio2", sends, 3},
		"gve-ntfy-blk9@pci:" + pci:     {pci, block, 9},
		"eth0-ntfy-block.9":            {"eth0", block, 9},
		"mana_q0@pci:7870:00:00.0":     {"7870:00:00.0", both, 0},
		"eth0-q3-rx":                   {"eth0", receives, 3},
		"eth0-q3-tx":                   {"eth0", sends, 3},
		"hns3-" + pci + "-TxRx-3":      {"hns3-" + pci, both, 3},
		"i40e-" + pci + ":fdir-TxRx-0": {"i40e-" + pci + ":fdir", both, 0},
		"eth0-3":                       {"eth0", both | bare, 3},
	} {
		if got, ok := parseQueueName(name); got != want || !ok {
			t.Errorf("parseQueueName(%q) is %v, %v, want %v", name, got, ok, want)
		}
	}
	for _, name := range []string{
		"", "eth0", "3", "-3", "mlx5_async0@pci:" + pci, "mlx5_comp3@", "ena-mgmnt@pci:" + pci,
		"gve-mgmnt@pci:" + pci, "mana_hwc@pci:7870:00:00.0", "virtio2-config", "virtio4-input", "nvme0q3",
		"ice-" + pci + ":misc", "eth0-q3-up", "eth0-rx-99999999999", "xhci_hcd",
	} {
		if got, ok := parseQueueName(name); ok {
			t.Errorf("parseQueueName(%q) is %v", name, got)
		}
	}
}

// Each device has two queues of each kind. IRQ 1 is of the first name, and so on; message says which of them the device
// has by its own account, all where there are none.
func TestConnect(t *testing.T) {
	const pci = "0000:3b:00.0"
	eth0 := []string{"eth0", "virtio2", pci}
	for _, c := range []struct {
		name    string
		names   string
		message []int
		rx, tx  [2]int
	}{
		{"mlx5", "mlx5_async0@pci:PCI mlx5_comp0@pci:PCI mlx5_comp1@pci:PCI mlx5_comp2@pci:PCI", nil, [2]int{2, 3}, [2]int{2, 3}},
		{"mlx5 that counts from 1", "mlx5_async0@pci:PCI mlx5_comp1@pci:PCI mlx5_comp2@pci:PCI", nil, [2]int{2, 3}, [2]int{2, 3}},
		{"another mlx5", "mlx5_comp0@pci:0000:3b:00.1 mlx5_comp1@pci:0000:3b:00.1", nil, [2]int{-1, -1}, [2]int{-1, -1}},
		{"ice", "ice-PCI:misc ice-eth0-TxRx-0 ice-eth0-TxRx-1 ice-PCI:ctrl-TxRx-0", nil, [2]int{2, 3}, [2]int{2, 3}},
		{"ixgbe", "eth0-TxRx-1 eth0-TxRx-0 eth0", nil, [2]int{2, 1}, [2]int{2, 1}},
		{"i40e", "i40e-PCI:misc i40e-PCI:fdir-TxRx-0 i40e-eth0-TxRx-0 i40e-eth0-TxRx-1", nil, [2]int{3, 4}, [2]int{3, 4}},
		{"virtio", "virtio2-config virtio2-input.0 virtio2-output.0 virtio2-input.1 virtio2-output.1 virtio22-input.0", nil,
			[2]int{2, 4}, [2]int{3, 5}},
		{"virtio with one interrupt", "virtio2-config virtio2-virtqueues", nil, [2]int{2, 2}, [2]int{2, 2}},
		{"virtio on no bus", "virtio1 virtio2", nil, [2]int{2, 2}, [2]int{2, 2}},
		{"ena", "ena-mgmnt@pci:PCI eth0-Tx-Rx-0 eth0-Tx-Rx-1", nil, [2]int{2, 3}, [2]int{2, 3}},
		{"gve", "gve-ntfy-blk0@pci:PCI gve-ntfy-blk1@pci:PCI gve-ntfy-blk2@pci:PCI gve-ntfy-blk3@pci:PCI gve-mgmnt@pci:PCI", nil,
			[2]int{3, 4}, [2]int{1, 2}},
		{"mana", "mana_hwc@pci:PCI mana_q0@pci:PCI mana_q1@pci:PCI", nil, [2]int{2, 3}, [2]int{2, 3}},
		{"vmxnet3", "eth0-rxtx-0 eth0-rxtx-1 eth0-event-2", nil, [2]int{1, 2}, [2]int{1, 2}},
		{"xen", "eth0-q0-tx eth0-q0-rx eth0-q1-tx eth0-q1-rx", nil, [2]int{2, 4}, [2]int{1, 3}},
		{"e1000e", "eth0-rx-0 eth0-tx-0 eth0", nil, [2]int{1, -1}, [2]int{2, -1}},
		{"one line", "eth0", nil, [2]int{1, 1}, [2]int{1, 1}},
		{"fewer interrupts than queues", "eth0-TxRx-0", nil, [2]int{1, -1}, [2]int{1, -1}},
		{"a queue that is named twice", "eth0-TxRx-0 eth0-TxRx-1 eth0-TxRx-0", nil, [2]int{1, 2}, [2]int{1, 2}},
		{"of others", "nvme0q0 nvme0q1 eth1-TxRx-0 eth00-TxRx-0 virtio1-req.0 mlx5_comp0@pci:0000:af:00.0", nil,
			[2]int{-1, -1}, [2]int{-1, -1}},
		{"restricted", "eth0-TxRx-0 eth0-TxRx-1 eth0-TxRx-0 eth0-TxRx-1", []int{3, 4}, [2]int{3, 4}, [2]int{3, 4}},
		{"renamed", "old-TxRx-0 old-TxRx-1 old-TxRx-0 old-TxRx-1", []int{3, 4}, [2]int{3, 4}, [2]int{3, 4}},
		{"renamed with a flow director", "i40e-PCI:fdir-TxRx-0 i40e-old-TxRx-0 i40e-old-TxRx-1", []int{1, 2, 3}, [2]int{2, 3}, [2]int{2, 3}},
		{"renamed, and of whom is not known", "old-TxRx-0 old-TxRx-1", nil, [2]int{-1, -1}, [2]int{-1, -1}},
	} {
		var table []interrupt
		for i, name := range strings.Fields(strings.ReplaceAll(c.names, "PCI", pci)) {
			table = append(table, interrupt{i + 1, []string{name}})
		}
		n := NIC{RX: []Queue{{IRQ: -1}, {IRQ: -1}}, TX: []Queue{{IRQ: -1}, {IRQ: -1}}}
		n.connect(table, eth0, c.message)
		if rx, tx := irqs(n.RX), irqs(n.TX); !slices.Equal(rx, c.rx[:]) || !slices.Equal(tx, c.tx[:]) {
			t.Errorf("%s: RX %v, TX %v, want %v and %v", c.name, rx, tx, c.rx, c.tx)
		}
	}
}

func irqs(queues []Queue) (numbers []int) {
	for _, queue := range queues {
		numbers = append(numbers, queue.IRQ)
	}
	return numbers
}

func FuzzInterrupts(f *testing.F) {
	for _, s := range []string{
		"           CPU0\n 38:  1 PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0\n",
		" 16: 12 0 IR-IO-APIC 16-fasteoi ehci_hcd:usb1, eth0-TxRx-0, eth0\n",
		"1: x mlx5_comp3@pci:0000:3b:00.0\n2: x gve-ntfy-blk7@pci:0000:3b:00.0\n3: eth0-q0-rx",
		"NMI: 0\n: 1\n-1: x\n1:,, , \n2: - . -1 @ @1 a@1 -q-1 _q1\n",
	} {
		f.Add(s)
	}
	if real, err := os.ReadFile("/proc/interrupts"); err == nil {
		f.Add(string(real))
	}
	f.Fuzz(func(t *testing.T, s string) {
		table := parseInterrupts(s)
		for _, line := range table {
			if line.irq < 0 || len(line.names) == 0 {
				t.Fatalf("%q has a line %v", s, line)
			}
			for _, name := range line.names {
				if name == "" || strings.ContainsFunc(name, unicode.IsSpace) {
					t.Fatalf("%q has a name %q", s, name)
				}
				if q, ok := parseQueueName(name); ok && (q.owner == "" || q.number < 0 || q.role == 0) {
					t.Fatalf("%q is %v", name, q)
				}
			}
		}
		n := NIC{RX: make([]Queue, 3), TX: make([]Queue, 2)}
		n.connectAll(-1)
		n.connect(table, []string{"eth0", "virtio2", "0000:3b:00.0"}, nil)
		for _, irq := range append(irqs(n.RX), irqs(n.TX)...) {
			if irq != -1 && !slices.ContainsFunc(table, func(line interrupt) bool { return line.irq == irq }) {
				t.Fatalf("%q has no interrupt %d", s, irq)
			}
		}
	})
}
