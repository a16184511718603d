//go:build ignore

// The program that counts what comes in on a socket of ours, by where it came from.
//
// It is attached to a TCP socket (SO_ATTACH_BPF, socket(7)) and sees each packet that the kernel hands to that socket, as
// the network card or GRO left it: several segments may be one packet. It begins with the TCP header. The program never
// drops or shortens anything.

typedef unsigned char __u8;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define __always_inline inline __attribute__((always_inline))
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const bpf_map_update_elem)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static long (*const bpf_skb_load_bytes)(const void *skb, __u32 offset, void *to, __u32 len) = (void *)26;
static __u64 (*const bpf_get_socket_cookie)(void *ctx) = (void *)46;

#define BPF_MAP_TYPE_HASH 1
#define BPF_MAP_TYPE_ARRAY 2
#define BPF_NOEXIST 1

// The kernel's description of a packet, as far as it is read (linux/bpf.h). Its layout is fixed.
struct __sk_buff {
	__u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority;
	__u32 ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end, napi_id;
	__u32 family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port;
	__u32 data_meta;
	__u64 flow_keys, tstamp;
	__u32 wire_len, gso_segs;
};

// The most flows at a time.
#define FLOWS_MOST 1024

// The key of a flow; flows.go has the same, and of the other structs.
struct flow {
	__u64 cookie;    // of the socket
	__u32 interface; // that it came in on
	__u32 queue;     // of it, as the driver left it: see device.go
	__u32 hash;      // of the flow, as the card, or the sender of the same machine, made it; 0: none
	__u32 zero;
};

struct count {
	__u64 packets, segments, bytes;
};

// All memory is taken when the map is made: nothing is allocated for a packet.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLOWS_MOST);
	__type(key, struct flow);
	__type(value, struct count);
} flows SEC(".maps");

// What was not counted in flows, for want of room.
struct lost {
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lost);
} lost SEC(".maps");

// payload is what follows the TCP header, whose length in words of 4 bytes is in its 13th byte.
static __always_inline __u32 payload(struct __sk_buff *skb)
{
	__u32 length = skb->len;
	__u8 words = 0;

	if (bpf_skb_load_bytes(skb, 12, &words, sizeof(words)))
		return 0;
	words = words >> 4 << 2;
	return length > words ? length - words : 0;
}

// found is the counter of the flow; a new flow gets one as long as there is room.
static __always_inline struct count *found(struct flow *f)
{
	struct count *c = bpf_map_lookup_elem(&flows, f);
	struct count none = {};

	if (c)
		return c;
	bpf_map_update_elem(&flows, f, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&flows, f);
}

// More than one CPU may count for one socket at a time.
#define ADD(to, n) __sync_fetch_and_add(&(to), n)

SEC("socket")
int count(struct __sk_buff *skb)
{
	struct flow f = {
		.cookie = bpf_get_socket_cookie(skb), .interface = skb->ifindex, .queue = skb->queue_mapping, .hash = skb->hash,
	};
	__u32 segments = skb->gso_segs, bytes = payload(skb), zero = 0;
	struct count *c = found(&f);
	struct lost *l;

	if (c) {
		ADD(c->packets, 1);
		ADD(c->segments, segments ? segments : 1);
		ADD(c->bytes, bytes);
		return -1;
	}
	l = bpf_map_lookup_elem(&lost, &zero);
	if (l) {
		ADD(l->packets, 1);
		ADD(l->bytes, bytes);
	}
	return -1; // all of the packet
}

char gpl[] SEC("license") = "GPL";
