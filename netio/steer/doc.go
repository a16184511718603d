// Package steer chooses, among several listeners on one TCP port, the one that gets a new connection: by the CPU that
// handles its first packet.
//
// The kernel groups listeners that share a port (SO_REUSEPORT, socket(7)) and chooses one for a new connection by a hash
// of its addresses and ports, unless a program chooses. That program (BPF_PROG_TYPE_SK_REUSEPORT, linux/bpf.h) runs where
// the packet is handled, in the network softirq, so it runs on the CPU to which the network card and the kernel have
// assigned the flow.
//
// It needs Linux 4.19, and CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN before Linux 5.8.
package steer

//go:generate go tool bpf2go -target bpfel -no-global-types -output-stem choose Choose choose.bpf.c
