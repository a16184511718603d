// Package steer chooses, among several listeners on one TCP port, the one that gets a new connection: by the CPU that
// handles its first packet.
//
// Listeners that share a port are a group of the kernel's (SO_REUSEPORT, socket(7)), and one of them gets a new connection
// by a hash of its addresses, unless a program says which. That program (BPF_PROG_TYPE_SK_REUSEPORT, linux/bpf.h) runs
// where the packet is handled, in the network's softirq, so the CPU that it runs on is the one that the network card and
// the kernel have given the flow to.
//
// It takes CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN before Linux 5.8, and Linux 4.19.
package steer

//go:generate go tool bpf2go -target bpfel -no-global-types -output-stem choose Choose choose.bpf.c
