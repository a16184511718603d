//go:build ignore

// The program that looks at the slots of a pipe: which kind of memory each of them refers to.
//
// It is run with BPF_PROG_TEST_RUN on a thread of ours and reads a pipe of ours, found by its descriptor. It changes
// nothing. Layouts are relocated to the running kernel's when the program is loaded (CO-RE), so the structs below name
// only the members that are read.

typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define __always_inline inline __attribute__((always_inline))
#define __kernel __attribute__((preserve_access_index))

static long (*const bpf_probe_read_kernel)(void *to, __u32 size, const void *from) = (void *)113;
static __u64 (*const bpf_get_current_task)(void) = (void *)35;
static long (*const bpf_loop)(__u32 times, void *body, void *data, __u64 flags) = (void *)181;

struct pipe_buffer {
	unsigned int len;
	const void *ops;
} __kernel;

struct pipe_inode_info {
	unsigned int head, tail, ring_size;
	struct pipe_buffer *bufs;
} __kernel;

struct file {
	void *private_data;
} __kernel;

struct fdtable {
	struct file **fd;
} __kernel;

struct files_struct {
	struct fdtable *fdt;
} __kernel;

struct task_struct {
	struct files_struct *files;
} __kernel;

#define READ(to, from) \
	bpf_probe_read_kernel(&(to), sizeof(to), (const void *)__builtin_preserve_access_index(&(from)))

#define SIZE_OF(type) __builtin_preserve_type_info(*(type *)0, 1)

// The most slots that are looked at: those of a pipe of 1 MiB with pages of 4 KiB.
#define SLOTS_MOST 256

// What is asked, and the answer; checker.go has the same.
struct question {
	__u32 fd;        // of the pipe
	__u32 slots;     // answer: in use
	__u64 reference; // what ops has for a page made by write(2); 0 asks for that of the first slot
	__u64 bytes;     // answer: in all the slots
	__u32 foreign;   // answer: slots with other ops than the reference
	__u32 failed;    // answer: not 0 when something could not be read
};

static __always_inline struct pipe_inode_info *pipe_of(__u32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct files_struct *files = 0;
	struct fdtable *table = 0;
	struct file **fds = 0, *file = 0;
	void *pipe = 0;

	if (READ(files, task->files) || READ(table, files->fdt) || READ(fds, table->fd))
		return 0;
	if (bpf_probe_read_kernel(&file, sizeof(file), fds + fd) || READ(pipe, file->private_data))
		return 0;
	return pipe;
}

// How many slots are copied at a time: what fits into the stack of a program, beside the rest. A power of 2.
#define PIECE 8

// The size of a slot on 64-bit machines; checked against the kernel's own.
#define SLOT_SIZE 40

// The walk over the ring, in pieces.
struct walk {
	struct pipe_buffer *bufs;
	__u64 reference, bytes;
	__u32 tail, mask, slots, foreign, failed;
};

#define FIELD_OFFSET(type, field) __builtin_preserve_field_info(((type *)0)->field, 0)

// step looks at one piece of the ring. As a function of its own, called by bpf_loop, it is verified once and not for
// each piece: that makes the program load in a hundredth of the time.
static long step(__u32 piece, struct walk *w)
{
	char slots[PIECE * SLOT_SIZE];

	if (bpf_probe_read_kernel(slots, sizeof(slots), (void *)w->bufs + (__u64)piece * sizeof(slots))) {
		w->failed = 1;
		return 1;
	}
#pragma unroll
	for (__u32 i = 0; i < PIECE; i++) {
		const char *slot = slots + i * SLOT_SIZE;
		__u32 at = piece * PIECE + i;

		if (at > w->mask || ((at - w->tail) & w->mask) >= w->slots)
			continue; // behind the end of a small ring, or not in use
		w->foreign += *(__u64 *)(slot + FIELD_OFFSET(struct pipe_buffer, ops)) != w->reference;
		w->bytes += *(__u32 *)(slot + FIELD_OFFSET(struct pipe_buffer, len));
	}
	return 0;
}

SEC("syscall")
int look(struct question *q)
{
	struct pipe_inode_info *pipe = pipe_of(q->fd);
	unsigned int head = 0, tail = 0, size = 0, slots;
	struct pipe_buffer *first;
	struct walk w = {};
	const void *ops = 0;

	q->failed = 1;
	if (SIZE_OF(struct pipe_buffer) != SLOT_SIZE || !pipe)
		return 0;
	if (READ(head, pipe->head) || READ(tail, pipe->tail) || READ(size, pipe->ring_size) || READ(w.bufs, pipe->bufs))
		return 0;
	slots = head - tail;
	if (slots > size || size > SLOTS_MOST)
		return 0;
	first = (void *)w.bufs + (__u64)(tail & (size - 1)) * SLOT_SIZE;
	if (READ(ops, first->ops))
		return 0;
	w.tail = tail;
	w.mask = size - 1;
	w.slots = slots;
	w.reference = q->reference ? q->reference : (__u64)ops;
	if (bpf_loop((size + PIECE - 1) / PIECE, step, &w, 0) < 0)
		return 0;
	q->slots = slots;
	q->reference = w.reference;
	q->bytes = w.bytes;
	q->foreign = w.foreign;
	q->failed = w.failed;
	return 0;
}

// bpf_probe_read_kernel is for programs under the GPL only.
char gpl[] SEC("license") = "GPL";
