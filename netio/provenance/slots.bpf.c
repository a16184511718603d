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

SEC("syscall")
int look(struct question *q)
{
	struct pipe_inode_info *pipe = pipe_of(q->fd);
	unsigned int head = 0, tail = 0, size = 0, slots;
	struct pipe_buffer *bufs = 0;
	__u64 bytes = 0, reference = q->reference;
	__u32 foreign = 0;

	q->failed = 1;
	if (!pipe || READ(head, pipe->head) || READ(tail, pipe->tail) || READ(size, pipe->ring_size) || READ(bufs, pipe->bufs))
		return 0;
	slots = head - tail;
	if (slots > SLOTS_MOST || slots > size)
		return 0;
	for (__u32 i = 0; i < SLOTS_MOST; i++) {
		struct pipe_buffer *b;
		const void *ops = 0;
		unsigned int len = 0;

		if (i >= slots)
			break;
		b = (void *)bufs + (__u64)((tail + i) & (size - 1)) * SIZE_OF(struct pipe_buffer);
		if (READ(ops, b->ops) || READ(len, b->len))
			return 0;
		if (!reference)
			reference = (__u64)ops;
		foreign += (__u64)ops != reference;
		bytes += len;
	}
	q->slots = slots;
	q->reference = reference;
	q->bytes = bytes;
	q->foreign = foreign;
	q->failed = 0;
	return 0;
}

// bpf_probe_read_kernel is for programs under the GPL only.
char gpl[] SEC("license") = "GPL";
