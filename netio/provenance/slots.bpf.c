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

// The walk over the slots in use.
struct walk {
	struct pipe_buffer *bufs;
	__u64 reference, bytes;
	__u32 tail, mask, foreign, failed;
};

// step looks at one slot. As a function of its own, called by bpf_loop, it is verified once and not for each slot: that
// makes the program load in a hundredth of the time.
static long step(__u32 i, struct walk *w)
{
	struct pipe_buffer *b = (void *)w->bufs + (__u64)((w->tail + i) & w->mask) * SIZE_OF(struct pipe_buffer);
	const void *ops = 0;
	unsigned int len = 0;

	if (READ(ops, b->ops) || READ(len, b->len)) {
		w->failed = 1;
		return 1;
	}
	if (!w->reference)
		w->reference = (__u64)ops;
	w->foreign += (__u64)ops != w->reference;
	w->bytes += len;
	return 0;
}

SEC("syscall")
int look(struct question *q)
{
	struct pipe_inode_info *pipe = pipe_of(q->fd);
	unsigned int head = 0, tail = 0, size = 0, slots;
	struct walk w = { .reference = q->reference };

	q->failed = 1;
	if (!pipe || READ(head, pipe->head) || READ(tail, pipe->tail) || READ(size, pipe->ring_size) || READ(w.bufs, pipe->bufs))
		return 0;
	slots = head - tail;
	if (slots > SLOTS_MOST || slots > size)
		return 0;
	w.tail = tail;
	w.mask = size - 1;
	if (bpf_loop(slots, step, &w, 0) < 0)
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
