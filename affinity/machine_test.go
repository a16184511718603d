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

func readMachine(t testing.TB, root string) *Machine {
	t.Helper()
	m, err := ReadMachine(host.Root(root))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMachines(t *testing.T) {
	for _, c := range []struct {
		name, root string
		want       string
	}{
		{"virtio", fixture(t, "virtio"), "1 socket, 1 node, 4 cores, 4 threads"},
		{"big", bigMachine(t), "2 sockets, 2 nodes, 32 cores, 64 threads"},
		{"container", fixture(t, "container"), "1 socket, 1 node, 15 cores, 16 threads, a quota of 3.5 CPUs"},
		{"bond", fixture(t, "bond"), "2 sockets, 2 nodes, 8 cores, 8 threads"},
		{"veth", fixture(t, "veth"), "1 socket, 1 node, 40 cores, 40 threads"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := readMachine(t, c.root)
			checkMachine(t, m)
			if got := m.String(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestBigMachine(t *testing.T) {
	m := readMachine(t, bigMachine(t))
	want := CPU{ID: 49, Package: 1, Core: 1, Node: 1, Siblings: []int{17, 49}}
	if got := m.CPUs[49]; !reflect.DeepEqual(got, want) {
		t.Errorf("CPU 49 is %+v, want %+v", got, want)
	}
	if got := m.Nodes[1].Distances; !slices.Equal(got, []int{21, 10}) {
		t.Errorf("distances of node 1 are %v", got)
	}
	if m.SameNode(0, 16) || !m.SameNode(0, 47) || m.SameNode(0, 99) || !m.SameNode(99, 99) || m.SameNode(98, 99) {
		t.Error("SameNode is wrong")
	}
}

// The node numbers have a gap, node 4 is memory alone, CPU 3 is offline and CPU 5 is in no node.
func TestOddNodes(t *testing.T) {
	root := t.TempDir()
	put(t, root, "sys/devices/system/cpu/online", "0-2,4-5\n")
	put(t, root, "sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1,3\n")
	for node, text := range map[string]string{"node0": "0,2", "node2": "1,3-4", "node4": ""} {
		put(t, root, "sys/devices/system/node/"+node+"/cpulist", text+"\n")
	}
	put(t, root, "sys/devices/system/node/node0/distance", "10 20 30\n")
	put(t, root, "sys/devices/system/node/nodes", "not a node\n")
	m := readMachine(t, root)
	checkMachine(t, m)
	want := []Node{
		{0, []int{0, 2, 5}, []int{10, 20, 30}},
		{2, []int{1, 4}, []int{20, 10, 20}},
		{4, nil, []int{20, 20, 10}},
	}
	if !reflect.DeepEqual(m.Nodes, want) {
		t.Errorf("nodes are %v, want %v", m.Nodes, want)
	}
	if got := m.cpu(1).Siblings; !slices.Equal(got, []int{1}) {
		t.Errorf("siblings of CPU 1 are %v, and 3 is offline", got)
	}
}

func TestNoMachine(t *testing.T) {
	if _, err := ReadMachine(host.Root(t.TempDir())); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of an empty folder: %v", err)
	}
	var m *Machine
	if got := m.Choose(Request{Loops: 2, Allowed: []int{3, 1}}); len(got) != 2 || got[0] == got[1] {
		t.Errorf("of nothing known: %v", got)
	}
	if !m.SameNode(0, 9) || m.Nearest(5, []int{4, 5}) != 1 || m.String() != "unknown" {
		t.Error("a nil machine does not work")
	}
}

// What is malformed is told with the file's name.
func TestMalformedMachine(t *testing.T) {
	const node, topology = "sys/devices/system/node/node0/", "sys/devices/system/cpu/cpu2/topology/"
	for _, c := range []struct{ name, text string }{
		{"sys/devices/system/cpu/online", ""},
		{"sys/devices/system/cpu/online", "0-"},
		{"sys/devices/system/cpu/online", "0-999999999999"},
		{node + "cpulist", "0-3,\x00"},
		{node + "distance", "10 20"},
		{node + "distance", "near"},
		{node + "distance", "-10"},
		{topology + "physical_package_id", "first"},
		{topology + "core_id", "2 3"},
		{topology + "thread_siblings_list", "2-1"},
	} {
		root := fixture(t, "virtio")
		put(t, root, c.name, c.text)
		if m, err := ReadMachine(host.Root(root)); err == nil || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s is %q: %v, %v", c.name, c.text, m, err)
		}
	}
}
