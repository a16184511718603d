package doctor

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"viamillipede/affinity"
	"viamillipede/netio/ethtool"
	"viamillipede/netio/host"
	"viamillipede/netio/probe"
)

// files are those of a machine by their names below the root.
type tree map[string]string

// goodTree is a machine with which nothing is wrong. Its kernel has no frequencies to set.
func goodTree() tree {
	const sys = "proc/sys/"
	return tree{
		"proc/self/status":    "Name:\tviamillipede\nCapEff:\t0000000000000000\nSeccomp:\t0\n",
		"proc/self/uid_map":   "         0          0 4294967295",
		"proc/self/cgroup":    "0::/system.slice/copy.service\n",
		"proc/self/mountinfo": "24 1 0:22 / /proc rw - proc proc rw\n29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n",
		"proc/1/comm":         "systemd\n",

		sys + "kernel/osrelease":                       "6.8.0-41-generic\n",
		sys + "kernel/unprivileged_bpf_disabled":       "2\n",
		sys + "fs/pipe-max-size":                       "1048576\n",
		sys + "fs/pipe-user-pages-soft":                "16384\n",
		sys + "net/core/rmem_max":                      "212992\n",
		sys + "net/core/wmem_max":                      "212992\n",
		sys + "net/core/optmem_max":                    "131072\n",
		sys + "net/core/default_qdisc":                 "fq\n",
		sys + "net/ipv4/tcp_rmem":                      "4096\t131072\t33554432\n",
		sys + "net/ipv4/tcp_wmem":                      "4096\t16384\t33554432\n",
		sys + "net/ipv4/tcp_congestion_control":        "cubic\n",
		sys + "net/ipv4/tcp_mtu_probing":               "1\n",
		sys + "net/ipv4/ip_local_port_range":           "32768\t60999\n",
		clockFolder + "/current_clocksource":           "tsc\n",
		"proc/cpuinfo":                                 "processor\t: 0\nflags\t\t: fpu pclmulqdq aes avx\n",
		clockFolder + "/available_clocksource":         "tsc hpet acpi_pm \n",
		hugeFolder + "/nr_hugepages":                   "0\n",
		transparentFile:                                "always [madvise] never\n",
		"sys/fs/cgroup/system.slice/cpu.max":           "max 100000\n",
		"sys/fs/cgroup/system.slice/copy.service/name": "",
	}
}

// plant makes the files below a folder.
func plant(t *testing.T, files tree) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// moved is the answer to one way of moving pages.
type moved struct {
	byReference bool
	err         error
}

// fake is a kernel of set answers.
type fake struct {
	allowed    []int
	allowedErr error
	pipe       int
	pipeErr    error
	moves      map[probe.Way]moved
	provenance error
	programs   map[string]error
	zeroCopy   error
	memlock    uint64
	files      uint64

	device    net.Interface
	deviceErr error

	channels    ethtool.Channels
	channelsErr error
	rings       ethtool.Rings
	ringsErr    error
	features    ethtool.Features
	featuresErr error
}

// goodKernel permits everything, to a process that may use 8 CPUs.
func goodKernel() *fake {
	by := moved{byReference: true}
	set := map[string]bool{
		"rx-gro": true, "tx-generic-segmentation": true, "tx-tcp-segmentation": true, "tx-tcp6-segmentation": true,
		"tx-scatter-gather": true,
	}
	return &fake{
		allowed: []int{0, 1, 2, 3, 4, 5, 6, 7}, pipe: wantedPipe, device: net.Interface{Index: 2, MTU: 9000},
		moves:    map[probe.Way]moved{probe.Vmsplice: by, probe.Splice: by, probe.Tee: by},
		programs: map[string]error{}, memlock: probe.Unlimited, files: 1024,
		channels: ethtool.Channels{Combined: ethtool.Amounts{Now: 8, Most: 64}},
		rings:    ethtool.Rings{RX: ethtool.Amounts{Now: 2048, Most: 8192}, TX: ethtool.Amounts{Now: 1024, Most: 1024}},
		features: ethtool.Features{On: set, Offered: maps.Clone(set)},
	}
}

func (f *fake) Allowed() ([]int, error)                   { return f.allowed, f.allowedErr }
func (f *fake) Pipe(int) (int, error)                     { return f.pipe, f.pipeErr }
func (f *fake) Moves(way probe.Way) (bool, error)         { return f.moves[way].byReference, f.moves[way].err }
func (f *fake) Provenance() (time.Duration, error)        { return time.Microsecond, f.provenance }
func (f *fake) Program(kind string) error                 { return f.programs[kind] }
func (f *fake) ZeroCopy() error                           { return f.zeroCopy }
func (f *fake) LockedMemory() (uint64, error)             { return f.memlock, nil }
func (f *fake) OpenFiles() (uint64, error)                { return f.files, nil }
func (f *fake) Link(string) (ethtool.Link, error)         { return ethtool.Link{}, nil }
func (f *fake) RSS(string) (ethtool.RSS, error)           { return ethtool.RSS{}, nil }
func (f *fake) Device(string) (*net.Interface, error)     { return &f.device, f.deviceErr }
func (f *fake) Channels(string) (ethtool.Channels, error) { return f.channels, f.channelsErr }
func (f *fake) Rings(string) (ethtool.Rings, error)       { return f.rings, f.ringsErr }
func (f *fake) Features(string) (ethtool.Features, error) { return f.features, f.featuresErr }

// patient is a machine of the test's own, and what is wrong with it.
type patient struct {
	files   tree
	kernel  *fake
	machine *affinity.Machine
	card    *card
	l       look
}

// goodPatient has one node of 8 CPUs, and a card of 25G with 8 queues.
func goodPatient() *patient {
	p := &patient{files: goodTree(), kernel: goodKernel(), machine: &affinity.Machine{Nodes: []affinity.Node{{CPUs: many(0, 8)}}}}
	for i := range 8 {
		p.machine.CPUs = append(p.machine.CPUs, affinity.CPU{ID: i, Core: i / 2, Siblings: []int{i &^ 1, i | 1}})
	}
	p.card = &card{
		NIC:      affinity.NIC{Name: "eth0", Driver: "ice", Node: 0},
		hardware: true, mtu: 9000, link: ethtool.Link{Speed: 25e9, Duplex: "full"},
		rss: ethtool.RSS{Function: "toeplitz", Key: []byte{1, 2, 3, 4}},
	}
	p.queues(8)
	p.l = look{Config: Config{Device: "eth0"}}
	return p
}

// queues gives the card so many queues each way, with an interrupt on a CPU of its own.
func (p *patient) queues(n int) {
	p.card.RX, p.card.TX, p.card.rss.Table = nil, nil, nil
	for i := range n {
		p.card.RX = append(p.card.RX, affinity.Queue{IRQ: 50 + i, CPUs: []int{i % 8}})
		p.card.TX = append(p.card.TX, affinity.Queue{IRQ: 50 + i, CPUs: []int{i % 8}, Steered: []int{i % 8}})
	}
	for i := range 8 * n {
		p.card.rss.Table = append(p.card.rss.Table, uint32(i%n))
	}
}

// twoNodes gives the upper half of the CPUs a node of their own.
func (p *patient) twoNodes() {
	p.machine.Nodes = []affinity.Node{{ID: 0, CPUs: many(0, 4)}, {ID: 1, CPUs: many(4, 8)}}
}

func many(from, to int) (cpus []int) {
	for i := from; i < to; i++ {
		cpus = append(cpus, i)
	}
	return cpus
}

// examine makes every check.
func (p *patient) examine(t *testing.T) []Check {
	t.Helper()
	l := p.l
	l.Root, l.Kernel, l.machine = host.Root(plant(t, p.files)), p.kernel, p.machine
	l.allowed, l.allowedErr = p.kernel.Allowed()
	if p.card != nil && l.Device != "" && !l.loopback() {
		l.cards = []*card{p.card}
	}
	for _, check := range checks {
		l.checks = append(l.checks, check(&l)...)
	}
	return l.checks
}

// TestGood: a machine with which nothing is wrong is told nothing to do.
func TestGood(t *testing.T) {
	for _, c := range goodPatient().examine(t) {
		if c.Verdict != OK || c.Fix != nil || c.Advice != "" || c.Found == "" {
			t.Errorf("%+v", c)
		}
	}
}

// TestVerdicts makes one thing wrong, or odd, at a time. Every check has its line here for every verdict that it can come to;
// those of the good machine are in TestGood.
func TestVerdicts(t *testing.T) {
	for _, c := range verdicts {
		t.Run(c.name, func(t *testing.T) {
			p := goodPatient()
			c.wrong(p)
			all := p.examine(t)
			i := slices.IndexFunc(all, func(k Check) bool { return k.Name == c.check })
			if i < 0 {
				t.Fatalf("no check %s", c.check)
			}
			got := all[i]
			if got.Verdict != c.want || !strings.Contains(got.Found, c.found) || strings.Join(got.Fix, "; ") != c.fix {
				t.Errorf("\n got %s, %q, %q\nwant %s, %q, %q", got.Verdict, got.Found, strings.Join(got.Fix, "; "), c.want, c.found, c.fix)
			}
			if strings.ContainsAny(got.Found+got.Advice+strings.Join(got.Fix, ""), "\n\t") {
				t.Errorf("more than a line: %+v", got)
			}
			fits(t, Report{Checks: all})
		})
	}
}

// fits demands that no line of a report is wider than a terminal of 100 columns, and none empty.
func fits(t *testing.T, r Report) {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(line) - 1; n > columns || strings.TrimSpace(line) == "" {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// file is a wrong thing: what a file says.
func file(name, content string) func(*patient) {
	return func(p *patient) { p.files[name] = content }
}

// setting is what a setting of the kernel is.
func setting(name, value string) func(*patient) { return file(host.SysctlFile(name), value+"\n") }

// gone is a file that is not there.
func gone(name string) func(*patient) { return func(p *patient) { delete(p.files, name) } }

// kernel is an answer of the kernel.
func kernel(change func(*fake)) func(*patient) { return func(p *patient) { change(p.kernel) } }

// onCard is something about the card.
func onCard(change func(*card)) func(*patient) { return func(p *patient) { change(p.card) } }

// several are several things at once.
func several(changes ...func(*patient)) func(*patient) {
	return func(p *patient) {
		for _, c := range changes {
			c(p)
		}
	}
}

// capabilities are what the process may.
func capabilities(hex string) func(*patient) {
	return file("proc/self/status", "CapEff:\t"+hex+"\nSeccomp:\t0\n")
}

// to is the device of the route.
func to(device string) func(*patient) { return func(p *patient) { p.l.Device = device } }

// virtual is a card without hardware.
func virtual(p *patient) { p.card.hardware = false }

const everyCapability = "000001ffffffffff"

// filter is a process whose calls a filter watches.
func filter(p *patient) {
	p.files["proc/self/status"] = "CapEff:\t" + everyCapability + "\nSeccomp:\t2\n"
}

// grantFix is how a program gets its rights to BPF.
const grantFix = `setcap cap_bpf,cap_perfmon,cap_net_admin+ep $(command -v viamillipede)`

var (
	notPermitted = os.NewSyscallError("bpf", syscall.EPERM)
	notThere     = os.NewSyscallError("bpf", syscall.ENOSYS)
)

// userSpace is a container with users of its own, and every capability.
var userSpace = several(capabilities(everyCapability), file("proc/self/uid_map", "0 100000 65536\n"))
