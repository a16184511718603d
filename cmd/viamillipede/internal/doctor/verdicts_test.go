package doctor

import (
	"errors"
	"fmt"
	"syscall"

	"viamillipede/affinity"
	"viamillipede/netio/ethtool"
	"viamillipede/netio/probe"
)

var verdicts = []struct {
	name, check string
	wrong       func(*patient)
	want        Verdict
	found, fix  string
}{
	{"OneOfManyCPUs", "cpus", kernel(func(k *fake) { k.allowed = []int{3} }), Slow,
		"1 socket, 4 cores, 8 threads: this process may use 3", "taskset -c 0-7 viamillipede ..."},
	{"OneCPU", "cpus", several(kernel(func(k *fake) { k.allowed = []int{0} }), func(p *patient) { p.machine.CPUs = p.machine.CPUs[:1] }),
		Slow, "1 socket, 1 core, 1 thread: this process may use 0", ""},
	{"NoAffinity", "cpus", kernel(func(k *fake) { k.allowedErr = errors.New("refused") }), Missing, "cannot be read: refused", ""},
	{"CPUsUnread", "cpus", func(p *patient) { p.l.machineErr = errors.New("refused") }, Missing, "cannot be read: refused", ""},

	{"NoNodes", "numa", func(p *patient) { p.machine.Nodes = nil }, OK, "none", ""},
	{"OneNode", "numa", func(p *patient) {}, OK, "1 node", ""},
	{"TwoNodes", "numa", (*patient).twoNodes, OK, "2 nodes; eth0 is on node 0", ""},
	{"OtherNode", "numa", several((*patient).twoNodes, onCard(func(c *card) { c.Node = 1 }), kernel(func(k *fake) { k.allowed = many(0, 4) })),
		Slow, "2 nodes; eth0 is on node 1, of whose CPUs this process may use none", "taskset -c 4-7 viamillipede ..."},
	{"CardOfNoNode", "numa", several((*patient).twoNodes, onCard(func(c *card) { c.Node = -1 })), OK, "2 nodes; that of eth0 is not known", ""},
	{"NodesUnread", "numa", func(p *patient) { p.l.machineErr = errors.New("refused") }, Missing, "refused", ""},

	{"Quota", "quota", several(func(p *patient) { p.machine.Quota = 1.5 }, file("sys/fs/cgroup/system.slice/copy.service/cpu.max", "150000 100000\n")),
		Slow, "a cgroup gives 1.5 CPUs of 8", "echo max > /sys/fs/cgroup/system.slice/copy.service/cpu.max"},
	{"QuotaAbove", "quota", several(func(p *patient) { p.machine.Quota = 1.5 }, file("sys/fs/cgroup/system.slice/cpu.max", "150000 100000\n")),
		Slow, "a cgroup gives 1.5 CPUs of 8", "echo max > /sys/fs/cgroup/system.slice/cpu.max"},
	{"QuotaOfOldCgroup", "quota", func(p *patient) { p.machine.Quota = 4 }, Slow, "a cgroup gives 4 CPUs of 8", ""},
	{"WideQuota", "quota", func(p *patient) { p.machine.Quota = 8 }, OK, "8 CPUs of 8", ""},
	{"QuotaUnread", "quota", func(p *patient) { p.l.machineErr = errors.New("refused") }, Missing, "refused", ""},

	{"SlowClock", "clock", file(clockFolder+"/current_clocksource", "hpet\n"), Slow, "hpet",
		"echo tsc > /" + clockFolder + "/current_clocksource"},
	{"OnlySlowClock", "clock", several(file(clockFolder+"/current_clocksource", "acpi_pm\n"), file(clockFolder+"/available_clocksource", "hpet acpi_pm\n")),
		Slow, "acpi_pm", ""},
	{"GuestClock", "clock", file(clockFolder+"/current_clocksource", "kvm-clock\n"), OK, "kvm-clock", ""},
	{"ArmClock", "clock", file(clockFolder+"/current_clocksource", "arch_sys_counter\n"), OK, "arch_sys_counter", ""},
	{"NoClock", "clock", gone(clockFolder + "/current_clocksource"), Missing, "cannot be read", ""},

	{"ArmCiphers", "aes", file("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd aes pmull sha2\n"), OK, "aes, pmull: private streams", ""},
	{"NoCiphers", "aes", file("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd evtstrm crc32\n"), Slow, "no AES instructions", ""},
	{"Powersave", "governor", several(governorOf(0, "performance"), governorOf(1, "powersave")), Slow, "powersave on 1 of 8 CPUs",
		"echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"},
	{"Schedutil", "governor", several(governorOf(0, "schedutil"), governorOf(1, "performance")), OK, "schedutil, performance", ""},
	{"ForbiddenPowersave", "governor", governorOf(9, "powersave"), OK, "none here", ""},
	{"GovernorUnread", "governor", file("sys/devices/system/cpu/cpu0/cpufreq", ""), Missing, "cannot be read", ""},

	{"Loopback", "route", to("lo"), OK, "the default route is loopback", ""},
	{"NoRoute", "route", several(to(""), func(p *patient) { p.l.NoRoute = syscall.ENETUNREACH }), Missing, "network is unreachable", ""},
	{"ToHost", "route", func(p *patient) { p.l.Host = "host1" }, OK, "the route to host1 leaves by eth0", ""},
	{"Bond", "route", to("bond0"), OK, "leaves by bond0, which stands on eth0", ""},

	{"Driver", "nic", func(p *patient) {}, OK, "driver ice, on node 0", ""},
	{"NoDriver", "nic", onCard(func(c *card) { c.Driver = "" }), OK, "driver not known", ""},
	{"Virtual", "nic", virtual, OK, "virtual", ""},

	{"Down", "speed", file("sys/class/net/eth0/operstate", "down\n"), Off, "down", "ip link set dev eth0 up"},
	{"SpeedOff", "speed", onCard(func(c *card) { c.link = ethtool.Link{} }), Missing, "not told by the driver", ""},
	{"SpeedErr", "speed", onCard(func(c *card) { c.linkErr = fmt.Errorf("ask: %w", syscall.EOPNOTSUPP) }), Missing,
		"not told: the driver or this kernel does not answer", ""},
	{"HalfDuplex", "speed", onCard(func(c *card) { c.link = ethtool.Link{Speed: 100e6, Duplex: "half"} }), Slow, "100M half duplex",
		"ethtool -s eth0 autoneg on"},
	{"FullDuplex", "speed", func(p *patient) {}, OK, "25G full duplex", ""},

	{"SmallFrames", "mtu", onCard(func(c *card) { c.mtu = 1500 }), Slow, "1500 at 25G", "ip link set dev eth0 mtu 9000"},
	{"SmallFramesOfSlowCard", "mtu", onCard(func(c *card) { c.mtu, c.link.Speed = 1500, 1e9 }), OK, "1500", ""},
	{"SmallFramesAtUnknownSpeed", "mtu", onCard(func(c *card) { c.mtu, c.link.Speed = 1500, 0 }), OK, "1500", ""},
	{"SmallFramesOfVirtual", "mtu", several(virtual, onCard(func(c *card) { c.mtu = 1500 })), OK, "1500", ""},
	{"NoMTU", "mtu", onCard(func(c *card) { c.mtu = 0 }), Missing, "cannot be read", ""},

	{"TSOOff", "offload", kernel(func(k *fake) { delete(k.features.On, "tx-tcp6-segmentation") }), Slow,
		"gro, gso, sg on; tso off; lro off", "ethtool -K eth0 tso on"},
	{"AllOff", "offload", kernel(func(k *fake) { k.features.On = nil }), Slow, "gro, gso, tso, sg off; lro off",
		"ethtool -K eth0 gro on gso on tso on sg on"},
	{"NoTSO", "offload", kernel(func(k *fake) {
		delete(k.features.On, "tx-tcp-segmentation")
		delete(k.features.Offered, "tx-tcp-segmentation")
	}), Missing, "gro, gso, sg on; tso not available; lro off", ""},
	{"VirtualWithoutGRO", "offload", several(virtual, kernel(func(k *fake) { delete(k.features.On, "rx-gro") })), OK,
		"gso, tso, sg on; gro off; lro off", ""},
	{"LRO", "offload", kernel(func(k *fake) { k.features.On["rx-lro"] = true }), OK, "lro on", ""},
	{"NoFeatures", "offload", kernel(func(k *fake) { k.featuresErr = syscall.EOPNOTSUPP }), Missing, "not told", ""},

	{"FewQueues", "queues", kernel(func(k *fake) { k.channels.Combined.Now = 2 }), Slow, "2 of 64, 8 CPUs", "ethtool -L eth0 combined 8"},
	{"FewerQueuesThanCPUs", "queues", kernel(func(k *fake) { k.channels.Combined = ethtool.Amounts{Now: 2, Most: 4} }), Slow, "2 of 4, 8 CPUs",
		"ethtool -L eth0 combined 4"},
	{"AllQueuesThereAre", "queues", kernel(func(k *fake) { k.channels.Combined = ethtool.Amounts{Now: 1, Most: 1} }), OK, "1 of 1, 8 CPUs", ""},
	{"FewQueuesEachWay", "queues", kernel(func(k *fake) {
		k.channels = ethtool.Channels{RX: ethtool.Amounts{Now: 2, Most: 16}, TX: ethtool.Amounts{Now: 12, Most: 16}}
	}), Slow, "rx 2 of 16, tx 12 of 16, 8 CPUs", "ethtool -L eth0 rx 8 tx 12"},
	{"QueuesEachWay", "queues", kernel(func(k *fake) {
		k.channels = ethtool.Channels{RX: ethtool.Amounts{Now: 8, Most: 16}, TX: ethtool.Amounts{Now: 8, Most: 16}}
	}), OK, "rx 8 of 16, tx 8 of 16", ""},
	{"NoChannels", "queues", kernel(func(k *fake) { k.channelsErr = syscall.EOPNOTSUPP }), Missing, "8 rx, 8 tx", ""},
	{"QueuesWithoutCPUs", "queues", kernel(func(k *fake) { k.allowedErr = errors.New("refused") }), Missing, "refused", ""},

	{"IRQsOnOneCPU", "irqs", onCard(func(c *card) {
		c.RX = c.RX[:2]
		c.RX[0].CPUs, c.RX[1].CPUs = []int{5}, []int{5}
	}), Slow, "2 rx queues on 1 CPU", "echo 0 > /proc/irq/50/smp_affinity_list; echo 1 > /proc/irq/51/smp_affinity_list"},
	{"IRQsAway", "irqs", several((*patient).twoNodes, onCard(func(c *card) {
		c.Node, c.RX = 1, c.RX[:2]
	})), Slow, "2 rx queues on 2 CPUs, 2 of them away from node 1",
		"echo 4 > /proc/irq/50/smp_affinity_list; echo 5 > /proc/irq/51/smp_affinity_list"},
	{"IRQsBalanced", "irqs", several(file("proc/812/comm", "irqbalance\n"), onCard(func(c *card) {
		c.RX = c.RX[:2]
		c.RX[1].CPUs = c.RX[0].CPUs
	})), Slow, "2 rx queues on 1 CPU, irqbalance runs",
		"systemctl stop irqbalance; echo 0 > /proc/irq/50/smp_affinity_list; echo 1 > /proc/irq/51/smp_affinity_list"},
	{"BalancedWell", "irqs", file("proc/812/comm", "irqbalance\n"), OK, "8 rx queues on 8 CPUs, irqbalance runs", ""},
	{"MoreQueuesThanCPUs", "irqs", func(p *patient) { p.queues(16) }, OK, "16 rx queues on 8 CPUs", ""},
	{"IRQsAnywhere", "irqs", onCard(func(c *card) {
		c.RX = c.RX[:2]
		c.RX[0].CPUs, c.RX[1].CPUs = many(0, 8), many(0, 8)
	}), OK, "2 rx queues on up to 8 CPUs", ""},
	{"NoIRQs", "irqs", onCard(func(c *card) { c.RX = []affinity.Queue{{}} }), Missing, "no interrupt", ""},
	{"IRQsWithoutCPUs", "irqs", kernel(func(k *fake) { k.allowedErr = errors.New("refused") }), Missing, "refused", ""},

	{"NoRPS", "rps", func(p *patient) { p.queues(1) }, Slow, "off: one CPU of 8 handles all that is received",
		"echo ff > /sys/class/net/eth0/queues/rx-0/rps_cpus"},
	{"RPS", "rps", several(func(p *patient) { p.queues(1) }, onCard(func(c *card) { c.RX[0].Steered = many(0, 8) })), OK, "on for 1 of 1 rx queue", ""},
	{"RPSOfOneCPU", "rps", several(func(p *patient) { p.queues(1) }, kernel(func(k *fake) { k.allowed = []int{0} })), OK, "not needed", ""},
	{"NoReceiveQueue", "rps", onCard(func(c *card) { c.RX = nil }), Missing, "no receive queue", ""},
	{"RPSWithoutCPUs", "rps", kernel(func(k *fake) { k.allowedErr = errors.New("refused") }), Missing, "refused", ""},

	{"NoXPS", "xps", several(func(p *patient) { p.queues(2) }, onCard(func(c *card) { c.TX[0].Steered, c.TX[1].Steered = nil, nil })), Off,
		"CPUs share 2 tx queues",
		"echo 55 > /sys/class/net/eth0/queues/tx-0/xps_cpus; echo aa > /sys/class/net/eth0/queues/tx-1/xps_cpus"},
	{"OneSendQueue", "xps", func(p *patient) { p.queues(1) }, OK, "nothing to choose", ""},
	{"NoSendQueue", "xps", onCard(func(c *card) { c.TX = nil }), Missing, "no send queue", ""},
	{"XPSWithoutCPUs", "xps", kernel(func(k *fake) { k.allowedErr = errors.New("refused") }), Missing, "refused", ""},

	{"UnevenRSS", "rss", onCard(func(c *card) { c.rss.Table = []uint32{0, 1, 2, 3, 4, 5, 6, 7, 0, 0} }), Slow,
		"toeplitz over 8 queues, a table of 10, uneven: 1 to 3 entries each", "ethtool -X eth0 equal 8"},
	{"RSSOverFew", "rss", onCard(func(c *card) { c.rss.Table = []uint32{0, 1, 0, 1} }), Slow, "over 2 queues, a table of 4: 6 get nothing",
		"ethtool -X eth0 equal 8"},
	{"RSSWithoutKey", "rss", onCard(func(c *card) { c.rss.Key = make([]byte, 4) }), Slow, "the key is all zero", "ethtool -X eth0 hkey 6d:02:97:2c"},
	{"XORWithoutKey", "rss", onCard(func(c *card) { c.rss.Function, c.rss.Key = "xor", make([]byte, 4) }), OK, "xor over 8 queues, a table of 64, even", ""},
	{"EvenRSS", "rss", func(p *patient) {}, OK, "toeplitz over 8 queues, a table of 64, even", ""},
	{"RSSOfOneQueue", "rss", func(p *patient) { p.queues(1) }, OK, "nothing to spread", ""},
	{"NoRSS", "rss", onCard(func(c *card) { c.rssErr = fmt.Errorf("ask: %w", syscall.EOPNOTSUPP) }), Missing, "not told", ""},
	{"NoTable", "rss", onCard(func(c *card) { c.rss.Table = nil }), Missing, "gives no table", ""},

	{"ShortRings", "rings", kernel(func(k *fake) {
		k.rings = ethtool.Rings{RX: ethtool.Amounts{Now: 512, Most: 8192}, TX: ethtool.Amounts{Now: 256, Most: 1024}}
	}), Slow, "rx 512 of 8192, tx 256 of 1024", "ethtool -G eth0 rx 2048 tx 1024"},
	{"ShortReceiveRing", "rings", kernel(func(k *fake) { k.rings.RX.Now = 1024 }), Slow, "rx 1024 of 8192", "ethtool -G eth0 rx 2048"},
	{"NoRings", "rings", kernel(func(k *fake) { k.ringsErr = syscall.EOPNOTSUPP }), Missing, "not told", ""},

	{"SmallSendBuffer", "tcp_wmem", several(setting("net.ipv4.tcp_wmem", "4096 16384 4194304"), onCard(func(c *card) { c.link.Speed = 100e9 })), Slow,
		"4M a link: 16 links fill 100G up to a round trip of 2.7 ms", `sysctl -w net.ipv4.tcp_wmem="4096 16384 16777216"`},
	{"UnknownSpeed", "tcp_wmem", several(setting("net.ipv4.tcp_wmem", "4096 16384 4194304"), onCard(func(c *card) { c.link.Speed = 0 })), OK,
		"4M a link: 16 links fill 10G (assumed) up to a round trip of 26.8 ms", ""},
	{"LoopbackBuffer", "tcp_wmem", several(setting("net.ipv4.tcp_wmem", "4096 16384 65536"), to("lo")), OK, "enough for loopback", ""},
	{"OddSendBuffer", "tcp_wmem", setting("net.ipv4.tcp_wmem", "4096 x"), Missing, "cannot be read", ""},
	{"NoSendBuffer", "tcp_wmem", gone("proc/sys/net/ipv4/tcp_wmem"), Missing, "cannot be read", ""},
	{"SmallReceiveBuffer", "tcp_rmem", setting("net.ipv4.tcp_rmem", "4096 131072 1048576"), Slow, "1M a link",
		`sysctl -w net.ipv4.tcp_rmem="4096 131072 4194304"`},
	{"NoReceiveBuffer", "tcp_rmem", gone("proc/sys/net/ipv4/tcp_rmem"), Missing, "cannot be read", ""},
	{"SmallLimits", "rmem_max", setting("net.core.rmem_max", "4096"), OK, "rmem_max 4k, wmem_max 208k: not used", ""},
	{"NoLimits", "rmem_max", gone("proc/sys/net/core/wmem_max"), Missing, "cannot be read", ""},

	{"BBR", "congestion", bbr("reno bbr cubic", "reno bbr cubic"), OK, "bbr; congestion auto takes cubic below", ""},
	{"BBRWithoutCubic", "congestion", bbr("reno bbr", "reno bbr"), Slow, "no cubic", "modprobe tcp_cubic"},
	{"CubicForbidden", "congestion", bbr("reno bbr cubic", "reno bbr"), Slow, "this user may not choose",
		`sysctl -w net.ipv4.tcp_allowed_congestion_control="reno bbr cubic"`},
	{"CubicForRoot", "congestion", several(bbr("reno bbr cubic", "reno bbr"), userSpace), OK, "bbr", ""},
	{"NoCongestion", "congestion", gone("proc/sys/net/ipv4/tcp_congestion_control"), Missing, "cannot be read", ""},

	{"OldKernelWithoutFQ", "qdisc", several(setting("net.core.default_qdisc", "pfifo_fast"), setting("kernel.osrelease", "4.9.0")), Slow,
		"pfifo_fast by default", "sysctl -w net.core.default_qdisc=fq"},
	{"NewKernelWithoutFQ", "qdisc", setting("net.core.default_qdisc", "fq_codel"), OK, "fq_codel by default; TCP paces by itself", ""},
	{"UnknownKernelWithoutFQ", "qdisc", several(setting("net.core.default_qdisc", "fq_codel"), setting("kernel.osrelease", "new")), Missing,
		"not known", ""},
	{"NoQdisc", "qdisc", gone("proc/sys/net/core/default_qdisc"), Missing, "cannot be read", ""},

	{"NoProbing", "tcp_mtu_probing", setting("net.ipv4.tcp_mtu_probing", "0"), Off, "carries nothing", "sysctl -w net.ipv4.tcp_mtu_probing=1"},
	{"NoProbingOnLoopback", "tcp_mtu_probing", several(setting("net.ipv4.tcp_mtu_probing", "0"), to("lo")), OK, "loopback", ""},
	{"UnknownProbing", "tcp_mtu_probing", gone("proc/sys/net/ipv4/tcp_mtu_probing"), Missing, "cannot be read", ""},

	{"FewPorts", "ports", setting("net.ipv4.ip_local_port_range", "60000 60099"), Slow, "100 local ports",
		`sysctl -w net.ipv4.ip_local_port_range="32768 60999"`},
	{"NoPorts", "ports", gone("proc/sys/net/ipv4/ip_local_port_range"), Missing, "cannot be read", ""},

	{"NoZeroCopy", "zerocopy", kernel(func(k *fake) { k.zeroCopy = syscall.ENOPROTOOPT }), Missing, "protocol not available", ""},
	{"ZeroCopyOnLoopback", "zerocopy", to("lo"), OK, notByCard, ""},
	{"SmallOptionMemory", "optmem_max", setting("net.core.optmem_max", "20480"), Slow, "20k", "sysctl -w net.core.optmem_max=131072"},
	{"SmallOptionMemoryOnVirtual", "optmem_max", several(virtual, setting("net.core.optmem_max", "20480")), OK, notByCard, ""},
	{"NoOptionMemory", "optmem_max", gone("proc/sys/net/core/optmem_max"), Missing, "cannot be read", ""},
	{"SmallMemlock", "memlock", kernel(func(k *fake) { k.memlock = 8 << 20 }), Slow, "8M", "ulimit -l unlimited"},
	{"SmallMemlockOfRoot", "memlock", several(kernel(func(k *fake) { k.memlock = 8 << 20 }), capabilities(everyCapability)), OK, "does not apply", ""},
	{"SmallMemlockOfContainersRoot", "memlock", several(kernel(func(k *fake) { k.memlock = 8 << 20 }), userSpace), Slow, "8M", "ulimit -l unlimited"},
	{"SmallMemlockOnLoopback", "memlock", several(kernel(func(k *fake) { k.memlock = 8 << 20 }), to("lo")), OK, notByCard, ""},
	{"LargeMemlock", "memlock", kernel(func(k *fake) { k.memlock = 1 << 30 }), OK, "1G", ""},

	{"SmallPipeMost", "pipe_max", setting("fs.pipe-max-size", "65536"), Slow, "64k, 1M are asked for", "sysctl -w fs.pipe-max-size=1048576"},
	{"NoPipeMost", "pipe_max", gone("proc/sys/fs/pipe-max-size"), Missing, "cannot be read", ""},
	{"SmallBudget", "pipe_pages", setting("fs.pipe-user-pages-soft", "1024"), Slow, "1024 for all pipes of a user",
		"sysctl -w fs.pipe-user-pages-soft=16384"},
	{"SmallBudgetOfRoot", "pipe_pages", several(setting("fs.pipe-user-pages-soft", "1024"), capabilities(everyCapability)), OK,
		"does not apply", ""},
	{"NoBudget", "pipe_pages", setting("fs.pipe-user-pages-soft", "0"), OK, "no limit", ""},
	{"BudgetUnread", "pipe_pages", gone("proc/sys/fs/pipe-user-pages-soft"), Missing, "cannot be read", ""},
	{"PipesUsedUp", "pipes", kernel(func(k *fake) { k.pipe, k.pipeErr = 8192, syscall.EPERM }), Slow, "1M asked for, 8k given: operation not permitted",
		"sysctl -w fs.pipe-user-pages-soft=65536"},
	{"PipesTooSmall", "pipes", several(setting("fs.pipe-max-size", "65536"), kernel(func(k *fake) { k.pipe, k.pipeErr = 65536, syscall.EPERM })), Slow,
		"1M asked for, 64k given", ""},
	{"NoPipes", "pipes", kernel(func(k *fake) { k.pipe, k.pipeErr = 0, syscall.EMFILE }), Missing, "too many open files", ""},

	{"VmspliceCopies", "vmsplice", way(probe.Vmsplice, moved{}), Slow, "this kernel copies", ""},
	{"VmspliceRefused", "vmsplice", several(way(probe.Vmsplice, moved{err: syscall.EPERM}), filter), Off, "not permitted", ""},
	{"SpliceCopies", "splice", way(probe.Splice, moved{}), Slow, "this kernel copies", ""},
	{"SpliceMissing", "splice", way(probe.Splice, moved{err: syscall.ENOSYS}), Missing, "not implemented", ""},
	{"TeeCopies", "tee", way(probe.Tee, moved{}), Slow, "this kernel copies", ""},
	{"TeeRefused", "tee", way(probe.Tee, moved{err: syscall.EACCES}), Off, "permission denied", ""},

	{"ProvenanceRefused", "provenance", kernel(func(k *fake) { k.provenance = notPermitted }), Off, "copied once: bpf: operation not permitted", grantFix},
	{"ProvenanceFiltered", "provenance", several(kernel(func(k *fake) { k.provenance = notPermitted }), filter), Off, "copied once", ""},
	{"NoProvenance", "provenance", kernel(func(k *fake) { k.provenance = errors.New("written pages cannot be told apart") }), Missing,
		"copied once: written pages cannot be told apart", ""},

	{"HugePages", "hugepages", several(file(hugeFolder+"/nr_hugepages", "512\n"), file(hugeFolder+"/free_hugepages", "500\n")), OK,
		"512 of 2M reserved, 500 free", ""},
	{"HalfTold", "hugepages", file(hugeFolder+"/nr_hugepages", "512\n"), Missing, "cannot be read", ""},
	{"NoHugePages", "hugepages", gone(hugeFolder + "/nr_hugepages"), Missing, "none of 2M", ""},
	{"THPNever", "thp", file(transparentFile, "always madvise [never]\n"), Off, "never", "echo madvise > /" + transparentFile},
	{"THPAlways", "thp", file(transparentFile, "[always] madvise never\n"), OK, "always", ""},
	{"NoTHP", "thp", gone(transparentFile), Missing, "no transparent huge pages", ""},
	{"OddTHP", "thp", file(transparentFile, "sometimes\n"), Missing, "cannot be read", ""},
	{"FewFiles", "files", kernel(func(k *fake) { k.files = 64 }), Slow, "64 descriptors", "ulimit -n 1024"},
	{"AllFiles", "files", kernel(func(k *fake) { k.files = probe.Unlimited }), OK, "unlimited", ""},

	{"BPFRefused", "bpf", kernel(func(k *fake) {
		for _, kind := range programKinds {
			k.programs[kind] = notPermitted
		}
	}), Off, "SYSCALL, SK_REUSEPORT, SOCKET_FILTER, SOCK_OPS: bpf: operation not permitted", grantFix},
	{"BPFFiltered", "bpf", several(filter, kernel(func(k *fake) { k.programs["SYSCALL"] = notPermitted })), Off, "SYSCALL: bpf: operation not permitted", ""},
	{"BPFRefusedToRoot", "bpf", several(capabilities(everyCapability), kernel(func(k *fake) { k.programs["SYSCALL"] = notPermitted })), Off,
		"SYSCALL: bpf: operation not permitted", ""},
	{"NoBPF", "bpf", kernel(func(k *fake) { k.programs["SYSCALL"] = notThere }), Missing,
		"SK_REUSEPORT, SOCKET_FILTER, SOCK_OPS may be loaded; SYSCALL: bpf: function not implemented", ""},
	{"OpenBPF", "bpf_disabled", setting("kernel.unprivileged_bpf_disabled", "0"), OK, "need no rights", ""},
	{"NoBPFSetting", "bpf_disabled", gone("proc/sys/kernel/unprivileged_bpf_disabled"), Missing, "no BPF", ""},
	{"OddBPFSetting", "bpf_disabled", setting("kernel.unprivileged_bpf_disabled", "no"), Missing, "cannot be read", ""},
	{"NoCgroup2", "cgroup2", file("proc/self/mountinfo", "24 1 0:22 / /proc rw - proc proc rw\n"), Missing, "not mounted",
		"mkdir -p /run/cgroup2 && mount -t cgroup2 none /run/cgroup2"},
	{"NoMounts", "cgroup2", gone("proc/self/mountinfo"), Missing, "cannot be read", ""},
}

func governorOf(cpu int, name string) func(*patient) {
	return file(fmt.Sprintf("sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu), name+"\n")
}

// bbr is a machine whose congestion control that is, with those that are loaded and those that everybody may choose.
func bbr(available, allowed string) func(*patient) {
	return several(setting("net.ipv4.tcp_congestion_control", "bbr"), setting("net.ipv4.tcp_available_congestion_control", available),
		setting("net.ipv4.tcp_allowed_congestion_control", allowed))
}

func way(w probe.Way, m moved) func(*patient) { return kernel(func(k *fake) { k.moves[w] = m }) }
