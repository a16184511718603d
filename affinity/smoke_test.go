package affinity

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestThisMachine reads what the tests run on, whatever it is.
func TestThisMachine(t *testing.T) {
	m, err := ReadMachine("/")
	if os.IsNotExist(err) {
		t.Skip("no list of CPUs here:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Log(m)
	checkMachine(t, m)
	allowed, err := Allowed()
	if err != nil {
		t.Fatal(err)
	}
	devices, _ := filepath.Glob("/sys/class/net/*")
	for _, device := range devices {
		nics, err := ReadNICs("/", filepath.Base(device))
		if err != nil {
			t.Errorf("%s: %v", device, err)
			continue
		}
		for _, nic := range nics {
			t.Log(nic)
		}
		if filepath.Base(device) == "lo" && len(nics) > 0 {
			t.Errorf("loopback has NICs: %v", nics)
		}
		for _, cpu := range m.Choose(Request{Loops: 2, Allowed: allowed, NICs: nics}) {
			if !slices.Contains(allowed, cpu) {
				t.Errorf("%s: CPU %d chosen, allowed are %v", device, cpu, allowed)
			}
		}
	}
}

// checkMachine reports what no machine can be.
func checkMachine(t *testing.T, m *Machine) {
	t.Helper()
	var inNodes []int
	for i, node := range m.Nodes {
		inNodes = append(inNodes, node.CPUs...)
		if len(node.Distances) != len(m.Nodes) {
			t.Errorf("node %d has %d distances among %d nodes", i, len(node.Distances), len(m.Nodes))
		}
		for _, cpu := range node.CPUs {
			if m.cpu(cpu).Node != node.ID {
				t.Errorf("CPU %d of node %d says node %d", cpu, node.ID, m.cpu(cpu).Node)
			}
		}
	}
	var ids []int
	for _, cpu := range m.CPUs {
		ids = append(ids, cpu.ID)
		if !slices.Contains(cpu.Siblings, cpu.ID) || !slices.IsSorted(cpu.Siblings) {
			t.Errorf("CPU %d has siblings %v", cpu.ID, cpu.Siblings)
		}
	}
	slices.Sort(inNodes)
	if !slices.Equal(ids, inNodes) || !slices.IsSorted(ids) || len(ids) == 0 {
		t.Errorf("CPUs %v, in nodes %v", ids, inNodes)
	}
	if m.Quota < 0 {
		t.Errorf("quota %g", m.Quota)
	}
}
