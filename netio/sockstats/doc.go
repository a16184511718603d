// Package sockstats makes the kernel count, with two BPF programs, what comes in on TCP sockets and how they perform.
//
//	flows.bpf.c  a socket filter on each socket: packets, segments and bytes by interface, RX queue and flow hash
//	ops.bpf.c    sock_ops on the cgroup of this process: round trips, retransmits, timeouts
//
// If the kernel refuses one of them, the other works alone. The files: collector.go loads the programs and keeps the
// sockets, flows.go and ops.go read what each program counted, device.go names devices and their queues.
//
// The socket filter needs Linux 5.4 and CAP_BPF, unless the kernel lets everybody load programs
// (kernel.unprivileged_bpf_disabled); where that is not so, CAP_NET_ADMIN as well. sock_ops needs CAP_BPF, CAP_NET_ADMIN,
// a cgroup v2 and Linux 5.7. Neither needs the kernel's type information: what the programs read has a fixed layout, so
// both load in 2 ms.
package sockstats

//go:generate go tool bpf2go -target bpfel -no-global-types -output-stem flows Flows flows.bpf.c
//go:generate go tool bpf2go -target bpfel -no-global-types -output-stem ops Ops ops.bpf.c
