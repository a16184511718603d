package run

import (
	"fmt"
	"net"
	"runtime"
	"strings"

	"viamillipede/affinity"
	"viamillipede/bench/report"
	"viamillipede/bench/result"
	"viamillipede/netio/dial"
	"viamillipede/netio/host"
)

// root is where the kernel's files are.
const root = host.System

// hostFacts describes this machine and the device by which the stream comes or goes; "" if not known.
func hostFacts(device string) result.Host {
	h := result.Host{
		Kernel: root.Sysctl("kernel.osrelease"), Processor: report.Processor(), CPUs: runtime.NumCPU(), Memory: uint64(host.MachineMemory()),
		Go: runtime.Version(), Congestion: root.Sysctl("net.ipv4.tcp_congestion_control"), NIC: device, Facts: map[string]string{},
	}
	h.Facts["architecture"] = runtime.GOARCH
	for _, name := range []string{"net/ipv4/tcp_wmem", "net/ipv4/tcp_rmem", "fs/pipe-max-size"} {
		if value := strings.Join(strings.Fields(root.Text("proc/sys/"+name)), " "); value != "" {
			h.Facts[name] = value
		}
	}
	if m, err := affinity.ReadMachine(root); err == nil {
		h.Facts["nodes"] = fmt.Sprint(len(m.Nodes))
		if m.Quota > 0 {
			h.Facts["cpu-quota"] = fmt.Sprint(m.Quota)
		}
	}
	if device != "" {
		addDevice(&h, device)
	}
	return h
}

// addDevice adds what is known about the network device.
func addDevice(h *result.Host, device string) {
	if mtu := root.Text("sys/class/net/" + device + "/mtu"); mtu != "" {
		h.Facts["mtu"] = mtu
	}
	nics, err := affinity.ReadNICs(root, device)
	if err != nil || len(nics) == 0 {
		return
	}
	h.Driver = nics[0].Driver
	h.Facts["rx-queues"], h.Facts["tx-queues"] = fmt.Sprint(len(nics[0].RX)), fmt.Sprint(len(nics[0].TX))
}

// deviceOf is the device that has the connection's local address; "" if not known.
func deviceOf(c net.Conn) string {
	a, ok := c.LocalAddr().(*net.TCPAddr)
	if !ok {
		return ""
	}
	device, _ := dial.AddressDevice(a.AddrPort().Addr().Unmap())
	return device
}

// cleanHost makes a peer's texts about itself safe for a terminal.
func cleanHost(h *result.Host) {
	for _, s := range []*string{&h.Kernel, &h.Processor, &h.Go, &h.Congestion, &h.NIC, &h.Driver} {
		*s = clean(*s)
	}
	facts := map[string]string{}
	for name, value := range h.Facts {
		if len(facts) < factsMost {
			facts[clean(name)] = clean(value)
		}
	}
	h.Facts = facts
}

// factsMost bounds the number of facts a peer may report about itself.
const factsMost = 64
