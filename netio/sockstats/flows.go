package sockstats

import (
	"errors"
	"sort"

	"github.com/cilium/ebpf"

	"viamillipede/netio/bpf"
)

// Flow is what came in on a socket over one interface, RX queue and hash.
type Flow struct {
	Interface int    // its index, or that of the bond or VLAN on top; 0 for a sum of several flows
	Device    string // its name; "" if the device is gone
	Queue     int    // RX queue of the interface, from 0; -1 if the driver does not say
	Hash      uint32 // of addresses and ports, computed by the network card, or by a sender on the same machine; 0 if none
	Packets   uint64 // as they reached the socket: what GRO merged counts once
	Segments  uint64 // as they were on the wire
	Bytes     uint64 // TCP payload, duplicates included
}

// Sum adds flows up.
func Sum(flows []Flow) Flow {
	sum := Flow{Queue: -1}
	for i := range flows {
		f := &flows[i]
		sum.Packets += f.Packets
		sum.Segments += f.Segments
		sum.Bytes += f.Bytes
	}
	return sum
}

// Lost is what was not counted in any flow because the map of flows was full.
type Lost struct {
	Packets, Bytes uint64
}

// flowKey and flowCount are struct flow and struct count of flows.bpf.c.
type flowKey struct {
	Cookie    uint64
	Interface uint32
	Queue     uint32
	Hash      uint32
	Zero      uint32
}

type flowCount struct {
	Packets, Segments, Bytes uint64
}

func (k flowKey) flow(c flowCount, d device) Flow {
	return Flow{
		Interface: int(k.Interface), Device: d.name, Queue: d.queue(k.Queue), Hash: k.Hash,
		Packets: c.Packets, Segments: c.Segments, Bytes: c.Bytes,
	}
}

// counter is the socket filter with its maps.
type counter struct {
	Count *ebpf.Program `ebpf:"count"`
	Flows *ebpf.Map     `ebpf:"flows"`
	Lost  *ebpf.Map     `ebpf:"lost"`
}

func loadCounter() (*counter, error) {
	c := new(counter)
	if err := bpf.Load(LoadFlows, c, bpf.Changes{}); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *counter) close() error {
	return errors.Join(c.Count.Close(), c.Flows.Close(), c.Lost.Close())
}

// counted is an entry of the map of flows.
type counted struct {
	flowKey
	flowCount
}

// read adds what was counted on each of the sockets that the map has, by cookie. Nothing may be deleted meanwhile.
func (c *counter) read(sockets map[uint64][]counted) {
	var key flowKey
	var count flowCount
	for i := c.Flows.Iterate(); i.Next(&key, &count); {
		if all, wanted := sockets[key.Cookie]; wanted {
			sockets[key.Cookie] = append(all, counted{key, count})
		}
	}
}

// flows turns counts into flows, most bytes first. find returns a device by its index.
func flows(all []counted, find func(index uint32) device) []Flow {
	var flows []Flow
	for _, c := range all {
		flows = append(flows, c.flow(c.flowCount, find(c.Interface)))
	}
	sort.Slice(flows, func(i, j int) bool { // slices.SortFunc has 15 KiB of code for each struct
		a, b := flows[i], flows[j]
		return a.Bytes > b.Bytes || a.Bytes == b.Bytes && a.Packets > b.Packets
	})
	return flows
}

// sweep deletes the flows of sockets that are not kept. Nothing may be read meanwhile.
func (c *counter) sweep(keep func(cookie uint64) bool) {
	var gone []flowKey
	var key flowKey
	var count flowCount
	for i := c.Flows.Iterate(); i.Next(&key, &count); {
		if !keep(key.Cookie) {
			gone = append(gone, key)
		}
	}
	for _, key := range gone {
		_ = c.Flows.Delete(key)
	}
}

func (c *counter) lost() (l Lost) {
	_ = c.Lost.Lookup(uint32(0), &l)
	return l
}
