package sockstats

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/cilium/ebpf"
	"pgregory.net/rapid"
)

// skb is what a test may set of struct __sk_buff (linux/bpf.h), up to gso_size.
type skb struct {
	Len, PktType, Mark, QueueMapping, Protocol, VlanPresent, VlanTCI, VlanProto, Priority uint32
	IngressIfindex, Ifindex, TCIndex                                                      uint32
	Cb                                                                                    [5]uint32
	Hash, TCClassid, Data, DataEnd, NapiID                                                uint32
	Addresses                                                                             [13]uint32
	DataMeta, FlowKeysLow, FlowKeysHigh                                                   uint32
	Tstamp                                                                                uint64
	WireLen, GsoSegs                                                                      uint32
	Sk                                                                                    uint64
	GsoSize, Rest                                                                         uint32
	Hwtstamp                                                                              uint64
}

// TestProgram runs the filter on packets of any shape, and keeps the same counts by itself.
func TestProgram(t *testing.T) {
	c := open(t, 1)
	const ethernet = 14 // not seen by the program
	rapid.Check(t, func(t *rapid.T) {
		c.counter.sweep(func(uint64) bool { return false })
		var want Flow
		for range rapid.IntRange(1, 20).Draw(t, "packets") {
			words := rapid.IntRange(5, 15).Draw(t, "words of header")
			payload := rapid.OneOf(rapid.IntRange(0, 70), rapid.IntRange(0, 3000)).Draw(t, "payload")
			segments := rapid.Uint32Range(0, 40).Draw(t, "segments")
			packet := make([]byte, ethernet+4*words+payload)
			packet[ethernet+12] = byte(words<<4 | rapid.IntRange(0, 15).Draw(t, "reserved"))
			verdict, err := c.counter.Count.Run(&ebpf.RunOptions{Data: packet, Context: skb{GsoSegs: segments}})
			if errors.Is(err, ebpf.ErrNotSupported) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if int(verdict) < len(packet) {
				t.Fatalf("%d bytes of %d are kept", verdict, len(packet))
			}
			want.Segments += uint64(max(segments, 1))
			want.Bytes += uint64(payload)
			want.Packets++
		}
		want.Queue = -1
		var flows []Flow
		var key flowKey
		var count flowCount
		for i := c.counter.Flows.Iterate(); i.Next(&key, &count); {
			flows = append(flows, key.flow(count, device{}))
		}
		if got := Sum(flows); got != want {
			t.Fatalf("counted %+v, expected %+v", got, want)
		}
	})
}

// TestRecordsAreTheKernels: what is read has the layout of what the programs write.
func TestRecordsAreTheKernels(t *testing.T) {
	flows, err := LoadFlows()
	if err != nil {
		t.Fatal(err)
	}
	ops, err := LoadOps()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		size  uint32
		value any
	}{
		{"flow", flows.Maps["flows"].KeySize, flowKey{}},
		{"count", flows.Maps["flows"].ValueSize, flowCount{}},
		{"lost", flows.Maps["lost"].ValueSize, Lost{}},
		{"record", ops.Maps["records"].ValueSize, record{}},
		{"port", ops.Maps["ports"].KeySize, port{}},
	} {
		if got := binary.Size(test.value); got != int(test.size) {
			t.Errorf("%s: %d bytes, the program has %d", test.name, got, test.size)
		}
	}
}

// TestSum: it does not matter how packets are spread over flows.
func TestSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want Flow
		flows := make([]Flow, rapid.IntRange(1, 5).Draw(t, "flows"))
		for _, n := range rapid.SliceOf(rapid.IntRange(0, 1<<19)).Draw(t, "packets") {
			for _, f := range []*Flow{&want, &flows[rapid.IntRange(0, len(flows)-1).Draw(t, "flow")]} {
				f.Packets++
				f.Segments += uint64(n/1448 + 1)
				f.Bytes += uint64(n)
			}
		}
		want.Queue = -1
		got := Sum(flows)
		if got != want {
			t.Errorf("sum %+v, expected %+v", got, want)
		}
	})
}

// TestQueueOf: how drivers tell the queue.
func TestQueueOf(t *testing.T) {
	for _, test := range []struct {
		driver  string
		mapping uint32
		want    int
	}{{"mlx5_core", 0, -1}, {"mlx5_core", 1, 0}, {"mlx5_core", 8, 7}, {"", 0, -1}, {"veth", 0, 0}, {"veth", 3, 3}} {
		if got := (device{driver: test.driver}).queue(test.mapping); got != test.want {
			t.Errorf("%s, %d: queue %d, expected %d", test.driver, test.mapping, got, test.want)
		}
	}
}
