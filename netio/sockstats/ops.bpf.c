//go:build ignore

// The programs that note how our connections do.
//
// The first one is called by the kernel's TCP for every socket of a cgroup. It picks out the connections to, or from, our
// ports when they are established, and asks for more calls for those. What it notes stays with the socket and ends with
// it. It changes nothing of what TCP does.

typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define __always_inline inline __attribute__((always_inline))
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static __u64 (*const bpf_get_socket_cookie)(void *ctx) = (void *)46;
static long (*const bpf_setsockopt)(void *socket, int level, int name, void *value, int size) = (void *)49;
static long (*const bpf_getsockopt)(void *socket, int level, int name, void *value, int size) = (void *)57;
static long (*const bpf_sock_ops_cb_flags_set)(void *ops, int flags) = (void *)59;
static void *(*const bpf_sk_storage_get)(void *map, void *sk, void *value, __u64 flags) = (void *)107;
static long (*const bpf_sk_storage_delete)(void *map, void *sk) = (void *)108;

#define BPF_MAP_TYPE_HASH 1
#define BPF_MAP_TYPE_SK_STORAGE 24
#define BPF_F_NO_PREALLOC 1
#define BPF_SK_STORAGE_GET_F_CREATE 1

// What the program is called for.
enum {
	BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB = 4,
	BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB = 5,
	BPF_SOCK_OPS_RTO_CB = 8,
	BPF_SOCK_OPS_RETRANS_CB = 9,
	BPF_SOCK_OPS_RTT_CB = 12,
};

// The calls that are asked for: BPF_SOCK_OPS_{RTO,RETRANS,RTT}_CB_FLAG.
#define CALLS (1 | 2 | 8)

#define IPPROTO_TCP 6
#define TCP_BPF_SOCK_OPS_CB_FLAGS 1008

struct bpf_sock;

// The kernel's descriptions of a call, as far as they are read (linux/bpf.h). Their layouts are fixed.
struct bpf_sock_ops {
	__u32 op, args[4], family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4];
	__u32 remote_port; // the port as it is on the wire, then 2 bytes of zero
	__u32 local_port;  // as a number
	__u32 is_fullsock, snd_cwnd;
	__u32 srtt_us; // 8 times the smoothed round trip
	__u32 cb_flags, state, rtt_min, snd_ssthresh, rcv_nxt, snd_nxt, snd_una, mss_cache, ecn_flags;
	__u32 rate_delivered, rate_interval_us, packets_out, retrans_out, total_retrans;
	__u32 segs_in, data_segs_in, segs_out, data_segs_out, lost_out, sacked_out, sk_txhash;
	__u64 bytes_received, bytes_acked;
	struct bpf_sock *sk;
};

struct bpf_sockopt {
	struct bpf_sock *sk;
	void *optval, *optval_end;
	int level, optname, optlen, retval;
};

// What is noted of a connection; ops.go has the same. All is written under the socket's lock.
struct record {
	__u64 cookie; // of the socket
	__u64 samples, sum;
	__u32 least, most; // of the samples of the round trip, as sum in microseconds
	__u32 retransmits; // segments
	__u32 timeouts;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct record);
} records SEC(".maps");

// Our ports: at the far end when the second half of the key is not 0.
#define PORTS_MOST 256

struct port {
	__u16 number, remote;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PORTS_MOST);
	__type(key, struct port);
	__type(value, __u32);
} ports SEC(".maps");

// ours tells the connections to one of our ports at the far end, or at this end.
static __always_inline int ours(struct bpf_sock_ops *ops)
{
	struct port p = { .number = ops->local_port };

	if (ops->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB)
		p = (struct port){ .number = __builtin_bswap32(ops->remote_port), .remote = 1 };
	return bpf_map_lookup_elem(&ports, &p) != 0;
}

static __always_inline void begin(struct bpf_sock_ops *ops)
{
	struct bpf_sock *sk = ops->sk;
	struct record *r;

	if (!sk || !ours(ops))
		return;
	r = bpf_sk_storage_get(&records, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!r)
		return;
	r->cookie = bpf_get_socket_cookie(ops);
	bpf_sock_ops_cb_flags_set(ops, ops->cb_flags | CALLS); // others may have asked for calls too
}

static __always_inline void sample(struct record *r, __u32 us)
{
	if (!r->samples || us < r->least)
		r->least = us;
	if (us > r->most)
		r->most = us;
	r->samples++;
	r->sum += us;
}

SEC("sockops")
int note(struct bpf_sock_ops *ops)
{
	__u32 op = ops->op;
	struct bpf_sock *sk;
	struct record *r;

	if (op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB || op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		begin(ops);
	if (op != BPF_SOCK_OPS_RTO_CB && op != BPF_SOCK_OPS_RETRANS_CB && op != BPF_SOCK_OPS_RTT_CB)
		return 1;
	sk = ops->sk;
	if (!sk)
		return 1;
	r = bpf_sk_storage_get(&records, sk, 0, 0);
	if (!r)
		return 1;
	if (op == BPF_SOCK_OPS_RTT_CB) // before Linux 6.10 the sample is not told, and 0
		sample(r, ops->args[0] ? ops->args[0] : ops->srtt_us >> 3);
	else if (op == BPF_SOCK_OPS_RTO_CB)
		r->timeouts++;
	else
		r->retransmits += ops->args[1];
	return 1;
}

// A connection that was established before the first program was there joins by setting an option that no kernel has, with
// the socket's cookie as its value. This program sees that, and the kernel's own code does not. It needs Linux 6.15; before,
// the calls cannot be asked for from here. ops.go has the two numbers too.
#define OPTION_LEVEL 0x766d7064
#define OPTION_NAME 1

#define PAGE 4096

static __always_inline int admit(struct bpf_sockopt *opt)
{
	__u64 *cookie = opt->optval;
	int calls = 0;
	struct record *r;

	if (!opt->sk || (void *)(cookie + 1) > opt->optval_end)
		return 0;
	r = bpf_sk_storage_get(&records, opt->sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!r)
		return 0;
	bpf_getsockopt(opt->sk, IPPROTO_TCP, TCP_BPF_SOCK_OPS_CB_FLAGS, &calls, sizeof(calls));
	calls |= CALLS;
	if (bpf_setsockopt(opt->sk, IPPROTO_TCP, TCP_BPF_SOCK_OPS_CB_FLAGS, &calls, sizeof(calls))) {
		bpf_sk_storage_delete(&records, opt->sk);
		return 0;
	}
	r->cookie = *cookie;
	return 1;
}

SEC("cgroup/setsockopt")
int join(struct bpf_sockopt *opt)
{
	if (opt->level == OPTION_LEVEL && opt->optname == OPTION_NAME) {
		opt->optlen = -1;
		return admit(opt);
	}
	// Somebody else's. More than a page is not all here, and passes unchanged only if the program says so.
	if (opt->optlen > PAGE)
		opt->optlen = 0;
	return 1;
}

char gpl[] SEC("license") = "GPL";
