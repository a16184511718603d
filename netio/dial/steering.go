package dial

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"viamillipede/netio/steer"
)

// SteeringWay is how a group's listener for a new connection is chosen.
type SteeringWay int

// The ways, the best first.
const (
	SteerEBPF    SteeringWay = iota // a program of package steer; it needs rights
	SteerClassic                    // a packet filter, which anybody may attach: ranges of CPUs with one owner
	SteerHash                       // the kernel's hash of the addresses: no owners
)

func (w SteeringWay) String() string {
	return [...]string{"eBPF", "classic BPF", "the kernel's hash"}[w]
}

// Steering is the way in use.
type Steering struct {
	Way SteeringWay
	Why error // why not a better way; nil for the best
}

// Reasons why a better way was not even tried.
var (
	errAlone    = errors.New("there is one listener only")
	errNotAsked = errors.New("no better way was asked for")
	errForeign  = errors.New("the sockets belong to whoever passed them (LISTEN_FDS), and stay as they are")
)

// Steer gives a new connection to listener owner(c), where c is the CPU that handled its SYN. It calls owner once for
// each CPU from 0 to cpus-1. An owner that is not a listener, such as -1, leaves the CPU's connections to the kernel's
// hash; so does a CPU beyond them. Steer may be called again with other owners while connections come in: each is steered
// by either the former owners or the new ones.
func (g *Group) Steer(cpus int, owner func(cpu int) int) Steering {
	return g.SteerBy(SteerEBPF, cpus, owner)
}

// SteerBy is like Steer but tries no better way than the one given.
func (g *Group) SteerBy(way SteeringWay, cpus int, owner func(cpu int) int) Steering {
	owners := make([]int, cpus)
	for cpu := range owners {
		if owners[cpu] = owner(cpu); owners[cpu] < 0 || owners[cpu] >= len(g.listeners) {
			owners[cpu] = -1
		}
	}
	switch {
	case g.inherited != nil:
		return Steering{Way: SteerHash, Why: errForeign}
	case len(g.listeners) == 1:
		return Steering{Way: SteerHash, Why: errAlone}
	}
	var why error
	if way > SteerEBPF {
		why = errNotAsked
	}
	for ; way < SteerHash; way++ {
		err := g.steer(way, owners)
		if err == nil {
			return Steering{Way: way, Why: why}
		}
		why = also(why, fmt.Errorf("%v: %w", way, err))
	}
	return Steering{Way: SteerHash, Why: also(why, g.unsteer())}
}

// also joins two errors, either of which may be nil, on one line.
func also(a, b error) error {
	if a == nil || b == nil {
		return errors.Join(a, b)
	}
	return fmt.Errorf("%w; %w", a, b)
}

func (g *Group) steer(way SteeringWay, owners []int) error {
	by := g.steerByProgram
	if way == SteerClassic {
		by = g.steerByFilter
	}
	err := by(owners)
	g.steered = g.steered || err == nil
	return err
}

// steerByProgram attaches an eBPF program, which the group then owns, in place of the former one.
func (g *Group) steerByProgram(owners []int) error {
	if err := g.offerSockets(); err != nil {
		return err
	}
	program, err := g.sockets.Load(owners)
	if err != nil {
		return err
	}
	defer program.Close()
	return g.control(0, func(fd int) error {
		err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_EBPF, program.FD())
		return os.NewSyscallError("setsockopt SO_ATTACH_REUSEPORT_EBPF", err)
	})
}

// offerSockets makes, once, the set of sockets that programs choose from.
func (g *Group) offerSockets() error {
	if g.sockets != nil {
		return nil
	}
	sockets, err := steer.NewSockets(len(g.listeners))
	if err != nil {
		return err
	}
	for i := range g.listeners {
		if err := g.control(i, func(fd int) error { return sockets.Put(i, fd) }); err != nil {
			return errors.Join(err, sockets.Close())
		}
	}
	g.sockets = sockets
	return nil
}

// steerByFilter attaches a classic filter in place of the former program.
func (g *Group) steerByFilter(owners []int) error {
	filter := filterOf(owners)
	if len(filter) > unix.BPF_MAXINSNS {
		return fmt.Errorf("the CPUs' owners take %d instructions, more than %d", len(filter), unix.BPF_MAXINSNS)
	}
	return g.control(0, func(fd int) error {
		program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
		err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, &program)
		return os.NewSyscallError("setsockopt SO_ATTACH_REUSEPORT_CBPF", err)
	})
}

// filterOf returns a filter whose answer is the owner of the CPU that it runs on. If that is not the number of a
// listener, the kernel uses its hash. Consecutive CPUs with one owner take two instructions:
//
//	load the CPU's number
//	at or above the end of the first range? skip one
//	answer with the first range's owner
//	...
//	answer with none: a CPU beyond all ranges
func filterOf(owners []int) []unix.SockFilter {
	const (
		load    = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		atLeast = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		answer  = unix.BPF_RET | unix.BPF_K
		cpu     = 0xffff_f000 + 36 // SKF_AD_OFF + SKF_AD_CPU (linux/filter.h)
		none    = 1<<32 - 1
	)
	f := []unix.SockFilter{{Code: load, K: cpu}}
	for i, owner := range owners {
		if end := i + 1; end == len(owners) || owners[end] != owner {
			f = append(f,
				unix.SockFilter{Code: atLeast, Jt: 1, K: uint32(end)},
				unix.SockFilter{Code: answer, K: uint32(owner)})
		}
	}
	return append(f, unix.SockFilter{Code: answer, K: none})
}

// unsteer returns to the kernel's hash. If that is refused, as it is before Linux 5.3, the former owners stay.
func (g *Group) unsteer() error {
	if !g.steered {
		return nil
	}
	err := g.control(0, func(fd int) error {
		err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0)
		return os.NewSyscallError("setsockopt SO_DETACH_REUSEPORT_BPF", err)
	})
	g.steered = err != nil
	return err
}
