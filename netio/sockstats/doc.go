// Package sockstats has the kernel count what comes in on TCP sockets, and how they fare, with two BPF programs.
//
//	flows.bpf.c  a socket filter on each socket: packets, segments and bytes by interface, RX queue and flow hash
//	ops.bpf.c    sock_ops on the cgroup of this process: round trips, retransmits, timeouts
//
// Each does without the other where the kernel refuses one of them. The files: collector.go loads the programs and has the
// sockets, flows.go and ops.go read what each of them noted, device.go names devices and their queues.
//
// The socket filter takes CAP_BPF, unless the kernel lets everybody load programs (kernel.unprivileged_bpf_disabled), and
// CAP_NET_ADMIN where that is off, and Linux 5.4. The other takes CAP_BPF, CAP_NET_ADMIN, a cgroup v2 and Linux 5.7. No
// type information of the kernel is needed: what the programs read has a fixed layout, so both load in 2 ms.
package sockstats

//go:generate go tool bpf2go -target bpfel -no-global-types -output-stem flows Flows flows.bpf.c
//go:generate go tool bpf2go -target bpfel -no-global-types -output-stem ops Ops ops.bpf.c
