// Package provenance tells which pipes hold nothing but pages of the kernel's own.
//
// A pipe is a ring of slots, and each slot refers to a piece of memory (struct pipe_buffer, linux/pipe_fs_i.h). What
// write(2) puts into a pipe is copied into pages that nobody else can reach. What splice(2), vmsplice(2) and sendfile(2)
// put there may still be a file's, a socket's or a program's, and may change after we have read it. A slot's ops pointer
// says which it is, but only the kernel can see it. So a BPF program of type SYSCALL looks at it on demand, on the
// caller's thread (BPF_PROG_TEST_RUN, bpf(2)).
//
// The checker learns the pointer of a written page at the start, from a pipe that it has written to itself; it needs no
// kernel address or symbol. It then tests itself on pages that are not the kernel's own.
//
// It needs CAP_BPF and CAP_PERFMON, and Linux 5.17 (bpf_loop) with type information (CONFIG_DEBUG_INFO_BTF).
package provenance

//go:generate go tool bpf2go -target bpfel -no-global-types -output-stem slots Slots slots.bpf.c
