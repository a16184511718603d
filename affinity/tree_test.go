package affinity

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// fixture unpacks testdata/NAME.txtar into a folder of the test's own and gives its path. An archive cannot hold symbolic
// links, so its file "links" lists them: "path -> target" in each line, the target as in ln -s.
func fixture(t testing.TB, name string) string {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, file := range archive.Files {
		if file.Name != "links" {
			put(t, root, file.Name, string(file.Data))
			continue
		}
		for line := range strings.Lines(string(file.Data)) {
			from, to, ok := strings.Cut(strings.TrimSpace(line), " -> ")
			if !ok {
				t.Fatalf("%s: link %q", name, line)
			}
			link(t, root, from, to)
		}
	}
	return root
}

// put writes a file below a root, and the folders above it.
func put(t testing.TB, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func link(t testing.TB, root, name, target string) {
	t.Helper()
	file := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, file); err != nil {
		t.Fatal(err)
	}
}

// drop removes a file or a folder below a root.
func drop(t testing.TB, root, name string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(root, name)); err != nil {
		t.Fatal(err)
	}
}

// bigMachine writes two sockets of 16 cores with two threads each: node 0 has CPUs 0-15 and their siblings 32-47, node 1
// has 16-31 and 48-63. On node 1 is ens5, an mlx5 device with 32 queues; queue i interrupts the i-th CPU of that node.
func bigMachine(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	put(t, root, "sys/devices/system/cpu/online", "0-63\n")
	for cpu := range 64 {
		dir := fmt.Sprintf("sys/devices/system/cpu/cpu%d/topology/", cpu)
		core := cpu % 32
		put(t, root, dir+"physical_package_id", fmt.Sprintln(core/16))
		put(t, root, dir+"core_id", fmt.Sprintln(core%16))
		put(t, root, dir+"thread_siblings_list", fmt.Sprintf("%d,%d\n", core, core+32))
	}
	put(t, root, "sys/devices/system/node/node0/cpulist", "0-15,32-47\n")
	put(t, root, "sys/devices/system/node/node0/distance", "10 21\n")
	put(t, root, "sys/devices/system/node/node1/cpulist", "16-31,48-63\n")
	put(t, root, "sys/devices/system/node/node1/distance", "21 10\n")
	bigNIC(t, root)
	return root
}

// bigNIC writes ens5. Besides its completion queues it has an interrupt for events, and a disk has queues too.
func bigNIC(t testing.TB, root string) {
	const function = "sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0"
	link(t, root, "sys/class/net/ens5", "../../devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0/net/ens5")
	link(t, root, function+"/net/ens5/device", "../../../0000:3b:00.0")
	link(t, root, function+"/driver", "../../../../bus/pci/drivers/mlx5_core")
	put(t, root, function+"/numa_node", "1\n")
	var lines strings.Builder
	line := func(irq int, name string) {
		fmt.Fprintf(&lines, "%4d:%s  IR-PCI-MSIX-0000:3b:00.0    %d-edge      %s\n", irq, strings.Repeat("          7", 64), irq-100, name)
		put(t, root, fmt.Sprintf("%s/msi_irqs/%d", function, irq), "msix\n")
	}
	fmt.Fprintf(&lines, "  90:%s  IR-PCI-MSIX-0000:86:00.0    1-edge      nvme0q1\n", strings.Repeat("          7", 64))
	line(100, "mlx5_async0@pci:0000:3b:00.0")
	for i := range 32 {
		irq := 101 + i
		line(irq, fmt.Sprintf("mlx5_comp%d@pci:0000:3b:00.0", i))
		put(t, root, fmt.Sprintf("proc/irq/%d/effective_affinity_list", irq), fmt.Sprintln(onNode1(i)))
		put(t, root, fmt.Sprintf("proc/irq/%d/smp_affinity_list", irq), "0-63\n")
		put(t, root, fmt.Sprintf("%s/net/ens5/queues/rx-%d/rps_cpus", function, i), "00000000,00000000\n")
		word := fmt.Sprintf("%016x", uint64(1)<<onNode1(i))
		put(t, root, fmt.Sprintf("%s/net/ens5/queues/tx-%d/xps_cpus", function, i), word[:8]+","+word[8:]+"\n")
	}
	put(t, root, "proc/interrupts", lines.String())
}

// onNode1 gives the i-th CPU of node 1.
func onNode1(i int) int { return 16 + i%16 + i/16*32 }
