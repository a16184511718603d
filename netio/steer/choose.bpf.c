//go:build ignore

// The program that chooses the listener of a new connection by the CPU that it runs on.

typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))

// linux/bpf.h
#define BPF_MAP_TYPE_ARRAY 2
#define BPF_MAP_TYPE_REUSEPORT_SOCKARRAY 20
#define SK_PASS 1

struct sk_reuseport_md;

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static __u32 (*const bpf_get_smp_processor_id)(void) = (void *)8;
static long (*const bpf_sk_select_reuseport)(struct sk_reuseport_md *, void *map, void *key, __u64 flags) = (void *)82;

// The listener of each CPU. choose.go says how many there are, of both.
struct {
	int (*type)[BPF_MAP_TYPE_ARRAY];
	int (*max_entries)[1];
	__u32 *key;
	__u32 *value;
} owners SEC(".maps");

// The listeners' sockets.
struct {
	int (*type)[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY];
	int (*max_entries)[1];
	__u32 *key;
	__u64 *value;
} listeners SEC(".maps");

SEC("sk_reuseport")
int choose(struct sk_reuseport_md *packet)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 *owner = bpf_map_lookup_elem(&owners, &cpu);

	// Where no listener is selected, because the CPU has none, the kernel chooses by its hash.
	if (owner)
		bpf_sk_select_reuseport(packet, &listeners, owner, 0);
	return SK_PASS;
}
