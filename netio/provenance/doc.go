// Package provenance tells which pipes hold nothing but pages of the kernel's own.
//
// A pipe is a ring of slots, and each slot refers to a piece of memory (struct pipe_buffer, linux/pipe_fs_i.h). What
// write(2) puts into a pipe is copied into pages that nobody can reach any more. What splice(2), vmsplice(2) and
// sendfile(2) put there may still be a file's, a socket's or a program's, and may change after we have read it. A slot's
// ops pointer says which it is, and only the kernel can look at it: so a BPF program of type SYSCALL does, on demand, on
// the caller's thread (BPF_PROG_TEST_RUN, bpf(2)).
//
// What the pointer of a written page looks like is learned at the start, from a pipe that the checker itself has written
// to; no address or symbol of the kernel is needed. It is then tried on pages that are not the kernel's own.
//
// It takes CAP_BPF and CAP_PERFMON, and Linux 5.17 (bpf_loop) with type information (CONFIG_DEBUG_INFO_BTF).
package provenance

//go:generate go tool bpf2go -target bpfel -no-global-types -output-stem slots Slots slots.bpf.c
