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
	SteerEBPF    SteeringWay = iota // a program of package steer; it takes rights
	SteerClassic                    // a packet filter, which everybody may attach: CPUs in ranges of one owner
	SteerHash                       // the kernel's hash of the addresses: no owners
)

func (w SteeringWay) String() string {
	return [...]string{"eBPF", "classic BPF", "the kernel's hash"}[w]
}

// Steering is the way that is in use.
type Steering struct {
	Way SteeringWay
	Why error // not a better one; nil with the best
}

// Why a better way was not even tried.
var (
	errAlone    = errors.New("there is one listener only")
	errNotAsked = errors.New("no better way was asked for")
)

// Steer has a new connection be accepted by listener owner(c), where c is the CPU that handled its SYN. There are cpus CPU
// numbers, and owner is asked for each once. An owner that is no listener, as -1, leaves the CPU's connections to the
// kernel's hash, and so it is with a CPU that is not among them. Steer may be called again, with other owners, while
// connections come in: each of them goes by the former owners or by the new ones.
func (g *Group) Steer(cpus int, owner func(cpu int) int) Steering {
	return g.SteerBy(SteerEBPF, cpus, owner)
}

// SteerBy is Steer that tries no better way than the one given.
func (g *Group) SteerBy(way SteeringWay, cpus int, owner func(cpu int) int) Steering {
	owners := make([]int, cpus)
	for cpu := range owners {
		if owners[cpu] = owner(cpu); owners[cpu] < 0 || owners[cpu] >= len(g.listeners) {
			owners[cpu] = -1
		}
	}
	if len(g.listeners) == 1 {
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

// also puts two errors, each of them perhaps nil, on one line.
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

// steerByProgram attaches a program of eBPF, which is the group's then, in place of the one that was there.
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

// offerSockets makes, once, what programs choose from.
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

// steerByFilter attaches a classic filter, in place of the program that was there.
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

// filterOf gives a filter that answers with the owner of the CPU that it runs on. What is not the number of a listener has
// the kernel go by its hash. CPUs that follow each other and have one owner take two instructions:
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

// unsteer has the kernel go by its hash. Where that is refused, which it is before Linux 5.3, the former owners stay.
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
