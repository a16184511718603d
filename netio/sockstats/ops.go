package sockstats

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"viamillipede/netio/bpf"
)

// Ops is how a connection performed since it was established or, if it was attached later, since then.
type Ops struct {
	Known bool // if false, nothing is known and all fields are zero

	Samples                 uint64 // of the round trip time, about one per round trip
	RTTMin, RTTMean, RTTMax time.Duration
	Retransmits             uint64 // segments
	Timeouts                uint64 // of retransmission
}

// record is struct record of ops.bpf.c.
type record struct {
	Cookie       uint64
	Samples, Sum uint64
	Least, Most  uint32
	Retransmits  uint32
	Timeouts     uint32
}

func (r *record) ops() Ops {
	o := Ops{
		Known: true, Samples: r.Samples, RTTMin: microseconds(r.Least), RTTMax: microseconds(r.Most),
		Retransmits: uint64(r.Retransmits), Timeouts: uint64(r.Timeouts),
	}
	if r.Samples > 0 {
		o.RTTMean = time.Duration(float64(r.Sum) / float64(r.Samples) * float64(time.Microsecond))
	}
	return o
}

func microseconds(n uint32) time.Duration { return time.Duration(n) * time.Microsecond }

// port is struct port of ops.bpf.c.
type port struct {
	Number uint16
	Remote uint16 // 1: at the far end
}

// The socket option by which a connection established earlier gets its record; ops.bpf.c has the same.
const (
	optionLevel = 0x766d7064
	optionName  = 1
)

// noter is the sock_ops program with its maps.
type noter struct {
	Note    *ebpf.Program `ebpf:"note"`
	Records *ebpf.Map     `ebpf:"records"`
	Ports   *ebpf.Map     `ebpf:"ports"`
}

// observer is the sock_ops program attached to a cgroup.
type observer struct {
	noter
	cgroup string
	noting link.Link
	join   *ebpf.Program // nil if the kernel lacks the feature, or once it is no longer needed
	late   link.Link     // of join; nil with it
}

// loadObserver loads the programs and attaches them to the cgroup as links: they are detached when their descriptors are
// closed, so at the latest when this process ends.
func loadObserver(cgroup string, local, remote []uint16) (*observer, error) {
	object := sync.OnceValues(LoadOps) // read once for both
	o := &observer{cgroup: cgroup}
	if err := bpf.Load(object, &o.noter, bpf.Changes{}); err != nil {
		return nil, err
	}
	dir, err := os.Open(cgroup)
	if err != nil {
		return nil, errors.Join(err, o.close())
	}
	defer dir.Close()
	if err := o.setPorts(local, remote); err != nil {
		return nil, errors.Join(err, o.close())
	}
	noting, err := link.AttachRawLink(link.RawLinkOptions{
		Target: int(dir.Fd()), Program: o.Note, Attach: ebpf.AttachCGroupSockOps,
	})
	if err != nil { // such as E2BIG: a group takes 64 programs, those of all processes
		return nil, errors.Join(fmt.Errorf("%s: %w", cgroup, bpf.Reason(err)), o.close())
	}
	o.noting = noting
	o.admitLate(object, int(dir.Fd()))
	return o, nil
}

func (o *observer) setPorts(local, remote []uint16) error {
	for _, number := range local {
		if err := o.Ports.Put(port{Number: number}, uint32(1)); err != nil {
			return bpf.Reason(err)
		}
	}
	for _, number := range remote {
		if err := o.Ports.Put(port{Number: number, Remote: 1}, uint32(1)); err != nil {
			return bpf.Reason(err)
		}
	}
	return nil
}

// admitLate prepares for connections that are already established. If the kernel cannot do that, nothing is known about
// them.
func (o *observer) admitLate(object bpf.Object, dir int) {
	var late struct {
		Join *ebpf.Program `ebpf:"join"`
	}
	same := bpf.Changes{Maps: map[string]*ebpf.Map{"records": o.Records}}
	if bpf.Load(object, &late, same) != nil {
		return
	}
	l, err := link.AttachRawLink(link.RawLinkOptions{Target: dir, Program: late.Join, Attach: ebpf.AttachCGroupSetsockopt})
	if err != nil {
		_ = late.Join.Close()
		return
	}
	o.join, o.late = late.Join, l
}

// settle ends what admitLate prepared, because every setsockopt(2) in the cgroup passes through it. end does the slow
// part.
func (o *observer) settle() (end func() error) {
	late, join := o.late, o.join
	o.late, o.join = nil, nil
	return func() error {
		if late == nil {
			return nil
		}
		return errors.Join(late.Close(), join.Close())
	}
}

// admit makes a record for a connection that has none because it was established earlier.
func (o *observer) admit(fd int, cookie uint64) {
	if o.late == nil || o.read(fd, cookie).Known {
		return
	}
	_ = unix.SetsockoptUint64(fd, optionLevel, optionName, cookie)
}

// read returns what is known about the connection. Its record is found by the descriptor, which may belong to another
// socket by now, so the cookie is compared.
func (o *observer) read(fd int, cookie uint64) Ops {
	var r record
	if err := o.Records.Lookup(uint32(fd), &r); err != nil || r.Cookie != cookie {
		return Ops{}
	}
	return r.ops()
}

func (o *observer) close() error {
	err := o.settle()()
	if o.noting != nil {
		err = errors.Join(err, o.noting.Close())
	}
	return errors.Join(err, o.Note.Close(), o.Records.Close(), o.Ports.Close())
}
