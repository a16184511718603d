package doctor

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"viamillipede/affinity"
	"viamillipede/netio/host"
)

// TestText: lines in columns; what is too long goes on below, commands after an arrow.
func TestText(t *testing.T) {
	r := Report{Checks: []Check{
		ok("cpus", "2 cores"),
		bad("mtu", Slow, "1500", "", "ip link set dev eth0 mtu 9000"),
		bad("pipes", Missing, "nothing", ""),
		bad("clock", Slow, "hpet", "", "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource # and more"),
		bad("tcp_wmem", Off, "4M a link: 16 links fill 100G up to a round trip of 2.7 ms, so that more words do not fit", "advice",
			`sysctl -w net.ipv4.tcp_wmem="4096 16384 16777216"`),
		{Name: "xps", Device: "eth0", Verdict: Off, Found: "off", Fix: []string{"a", "b", "c", "d", "e"}},
		{Name: "irqs", Device: "eth0", Verdict: Slow, Found: "two", Fix: []string{"a", "b"}},
	}}
	const want = `ok       cpus       2 cores
slow     mtu        1500  -> ip link set dev eth0 mtu 9000
missing  pipes      nothing
slow     clock      hpet
         -> echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource # and more
off      tcp_wmem   4M a link: 16 links fill 100G up to a round trip of 2.7 ms, so that more words
                    do not fit; advice  -> sysctl -w net.ipv4.tcp_wmem="4096 16384 16777216"
off      xps eth0   off
                    -> a
                    -> b (and 3 more: doctor json)
slow     irqs eth0  two
                    -> a
                    -> b
`
	var b strings.Builder
	if err := r.WriteText(&b); err != nil || b.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, b.String(), want)
	}
}

// TestJSON: the names that programs rely on, and nothing that is null but what may be.
func TestJSON(t *testing.T) {
	p := goodPatient()
	p.card.mtu = 1500
	p.card.rss.Table = []uint32{0, 1}
	p.card.RX, p.card.TX = p.card.RX[:1], nil
	checks := p.examine(t)
	l := p.l
	l.Root, l.Kernel, l.machine, l.allowed, l.cards = host.Root(plant(t, p.files)), p.kernel, p.machine, p.kernel.allowed, []*card{p.card}
	var b strings.Builder
	if err := (Report{Checks: checks, Facts: l.facts()}).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Checks []map[string]string `json:"checks"`
		Facts  map[string]any      `json:"facts"`
	}
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	for _, c := range got.Checks {
		want := map[string]string{
			"name": "mtu", "device": "eth0", "verdict": "slow", "found": "1500 at 25G",
			"advice": "only where every host and switch on the way accepts it", "fix": "ip link set dev eth0 mtu 9000",
		}
		if c["name"] == "mtu" && !reflect.DeepEqual(c, want) {
			t.Errorf("%v, want %v", c, want)
		}
		if len(c) != len(want) {
			t.Errorf("members of a check: %v", c)
		}
	}
	for _, name := range []string{"kernel", "host", "device", "packages", "nodes", "cpus", "allowed", "quota", "nics", "bpf"} {
		if v, ok := got.Facts[name]; !ok || v == nil {
			t.Errorf("no fact %s", name)
		}
	}
	nic := got.Facts["nics"].([]any)[0]
	want := map[string]any{
		"name": "eth0", "driver": "ice", "node": 0.0, "mtu": 1500.0, "speed": 25e9, "tx": []any{},
		"rx":  []any{map[string]any{"irq": 50.0, "cpus": []any{0.0}, "steered": []any{}}},
		"rss": map[string]any{"function": "toeplitz", "key": "01020304", "table": []any{0.0, 1.0}},
	}
	if !reflect.DeepEqual(nic, want) {
		t.Errorf("%v, want %v", nic, want)
	}
}

// TestNothing: in a folder without a single file every check says that it could not look, or did not need to; none claims
// what it has not seen.
func TestNothing(t *testing.T) {
	k := goodKernel()
	k.deviceErr = errors.New("no such network interface")
	r := Look(Config{Root: host.Root(t.TempDir()), Kernel: k, Device: "eth0"})
	byKernel := []string{"route", "offload", "zerocopy", "memlock", "pipes", "vmsplice", "splice", "tee", "provenance", "files", "bpf"}
	for _, c := range r.Checks {
		asked := false
		for _, name := range byKernel {
			asked = asked || c.Name == name
		}
		if c.Name == "governor" { // that there is none is an answer
			continue
		}
		if asked != (c.Verdict == OK) {
			t.Errorf("%+v", c)
		}
	}
}

// link makes a symbolic link in a tree.
func link(t *testing.T, root, name, target string) {
	t.Helper()
	file := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, file); err != nil {
		t.Fatal(err)
	}
}

// TestTree looks at a whole machine in files: two CPUs, and a card with one queue whose packets one CPU handles.
func TestTree(t *testing.T) {
	const device = "sys/devices/pci0000:00/0000:00:03.0"
	files := goodTree()
	for name, content := range (tree{
		"sys/devices/system/cpu/online":            "0-1\n",
		"sys/devices/system/node/node0/cpulist":    "0-1\n",
		"sys/devices/system/node/node0/distance":   "10\n",
		"proc/interrupts":                          " CPU0 CPU1\n 40: 1 0 PCI-MSIX-0000:00:03.0 1-edge eth0-TxRx-0\n",
		"proc/irq/40/smp_affinity_list":            "0-1\n",
		"proc/irq/40/effective_affinity_list":      "1\n",
		device + "/numa_node":                      "0\n",
		device + "/net/eth0/ifindex":               "2\n",
		device + "/net/eth0/queues/rx-0/rps_cpus":  "0\n",
		device + "/net/eth0/queues/tx-0/xps_cpus":  "0\n",
		device + "/msi_irqs/40":                    "msix\n",
		"sys/bus/pci/drivers/ixgbe/0000:00:03.0/x": "",
	}) {
		files[name] = content
	}
	root := plant(t, files)
	link(t, root, "sys/class/net/eth0", "../../devices/pci0000:00/0000:00:03.0/net/eth0")
	link(t, root, device+"/net/eth0/device", "../..")
	link(t, root, device+"/driver", "../../../bus/pci/drivers/ixgbe")
	k := goodKernel()
	k.allowed = []int{0, 1}
	r := Look(Config{Root: host.Root(root), Kernel: k, Device: "eth0"})
	for _, want := range []Check{
		ok("cpus", "1 socket, 2 cores, 2 threads: this process may use 0-1"),
		{Name: "nic", Device: "eth0", Verdict: OK, Found: "driver ixgbe, on node 0"},
		{Name: "irqs", Device: "eth0", Verdict: OK, Found: "1 rx queue on 1 CPU"},
		{
			Name: "rps", Device: "eth0", Verdict: Slow, Found: "off: one CPU of 2 handles all that is received",
			Fix: []string{"echo 3 > /sys/class/net/eth0/queues/rx-0/rps_cpus"},
		},
	} {
		found := false
		for _, c := range r.Checks {
			found = found || reflect.DeepEqual(c, want)
		}
		if !found {
			t.Errorf("no %+v in\n%+v", want, r.Checks)
		}
	}
	wantRX := []Queue{{IRQ: 40, CPUs: []int{1}, Steered: []int{}}}
	if f := r.Facts; len(f.NICs) != 1 || !reflect.DeepEqual(f.NICs[0].RX, wantRX) || len(f.CPUs) != 2 || f.Nodes != 1 || f.Packages != 1 {
		t.Errorf("%+v", f)
	}

	// The device of that name is another one here: its files are those of somebody else's.
	k.device.Index = 7
	r = Look(Config{Root: host.Root(root), Kernel: k, Device: "eth0"})
	for _, c := range r.Checks {
		switch c.Name {
		case "queues", "irqs", "rps", "xps", "rss", "rings":
			t.Errorf("%+v", c)
		case "nic":
			if c.Verdict != Missing || !strings.Contains(c.Found, "another network namespace") {
				t.Errorf("%+v", c)
			}
		}
	}
}

// TestMask writes CPUs as the kernel's files take them.
func TestMask(t *testing.T) {
	for want, cpus := range map[string][]int{
		"1": {0}, "ff": many(0, 8), "80000000": {31}, "1,00000000": {32}, "3,00000001,80000000": {31, 32, 64, 65},
	} {
		if got := cpuMask(cpus); got != want {
			t.Errorf("mask of %s is %s, want %s", affinity.FormatList(cpus), got, want)
		}
	}
}
