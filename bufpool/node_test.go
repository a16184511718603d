package bufpool_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"viamillipede/bufpool"
)

const absent = 1023 // a node that no machine of a test has

// needNUMA skips where the kernel knows no nodes.
func needNUMA(t *testing.T) {
	t.Helper()
	page := make([]byte, os.Getpagesize())
	if _, err := nodeOf(page); err != nil {
		t.Skipf("no NUMA here: %v", err)
	}
}

// checkNode has the buffer touched and looks where its memory came from, and why.
func checkNode(t *testing.T, b *bufpool.Buffer, node int32, policy int32, nodes uint64) {
	t.Helper()
	touch(b)
	if got, err := nodeOf(b.Bytes()); err != nil || got != node {
		t.Errorf("buffer %d is on node %d, %v", b.Index(), got, err)
	}
	gotPolicy, gotNodes, err := policyOf(b.Bytes())
	if err != nil || gotPolicy != policy || gotNodes != nodes {
		t.Errorf("buffer %d has policy %d for nodes %#x, %v; want %d for %#x", b.Index(), gotPolicy, gotNodes, err, policy, nodes)
	}
}

// Three shards: one of node 0, one of any node, one of a node that does not exist. All of them have memory.
func TestNodes(t *testing.T) {
	needNUMA(t)
	p := newPool(t, bufpool.Config{Shards: 3, Buffers: 3 * 32, Size: 64 << 10, Nodes: []int{0, -1, absent}})
	got := p.Advice()
	if !slices.Equal(got.Nodes, []int{0}) || len(got.Refused) != 1 || !strings.HasPrefix(got.Refused[0].Error(), "node 1023: mbind: ") {
		t.Errorf("advice %v, want node 0 and that node 1023 is refused", got)
	}
	b := p.Get(0)
	checkNode(t, b, 0, unix.MPOL_PREFERRED, 1)
	b.Release()
	for shard := 1; shard < 3; shard++ {
		b := p.Get(shard)
		touch(b)
		if policy, _, err := policyOf(b.Bytes()); err != nil || policy != unix.MPOL_DEFAULT {
			t.Errorf("shard %d has policy %d, %v", shard, policy, err)
		}
		b.Release()
	}
}

func TestNodesAreNamedOnce(t *testing.T) {
	needNUMA(t)
	p := newPool(t, bufpool.Config{Shards: 4, Buffers: 4, Size: os.Getpagesize(), Nodes: []int{0, 0, -1, 0}})
	if got := p.Advice(); !slices.Equal(got.Nodes, []int{0}) || got.Refused != nil {
		t.Errorf("advice %v", got)
	}
}

// Nobody asked for a node, so there is no word of any.
func TestNoNode(t *testing.T) {
	for _, nodes := range [][]int{nil, {-1, -1}} {
		p := newPool(t, bufpool.Config{Shards: 2, Buffers: 2, Size: os.Getpagesize(), Nodes: nodes})
		if got := p.Advice(); got.Nodes != nil || got.Refused != nil {
			t.Errorf("advice for %v is %v", nodes, got)
		}
	}
}
