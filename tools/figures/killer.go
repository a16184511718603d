package main

import (
	"errors"
	"math/rand/v2"
	"net"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
)

// killer ends a random established connection of a port with SOCK_DESTROY (sock_diag(7)) at every tick. It works in this
// process, so that it costs only two netlink messages per tick. It needs root.
type killer struct {
	port  uint16
	quit  chan struct{}
	done  chan struct{} // closed by run; kills and err are the caller's from then on
	kills int
	err   error
}

func startKiller(port uint16, every time.Duration) *killer {
	k := &killer{port: port, quit: make(chan struct{}), done: make(chan struct{})}
	go k.run(every)
	return k
}

// stop ends the killing and returns how many connections died, and the error that kept others from it.
func (k *killer) stop() (int, error) {
	close(k.quit)
	<-k.done
	return k.kills, k.err
}

func (k *killer) run(every time.Duration) {
	defer close(k.done)
	rng := rand.New(rand.NewPCG(uint64(k.port), 1))
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-k.quit:
			return
		case <-tick.C:
		}
		if err := k.kill(rng); err != nil {
			k.err = err
			return
		}
	}
}

// kill ends one connection, if there is one and it does not end first.
func (k *killer) kill(rng *rand.Rand) error {
	all, err := netlink.SocketDiagTCP(syscall.AF_INET)
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return err
	}
	var mine []netlink.SocketID
	for _, s := range all {
		if s.State == netlink.TCP_ESTABLISHED && (s.ID.DestinationPort == k.port || s.ID.SourcePort == k.port) {
			mine = append(mine, s.ID)
		}
	}
	if len(mine) == 0 {
		return nil
	}
	id := mine[rng.IntN(len(mine))]
	err = netlink.SocketDestroy(&net.TCPAddr{IP: id.Source, Port: int(id.SourcePort)},
		&net.TCPAddr{IP: id.Destination, Port: int(id.DestinationPort)})
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	if err == nil {
		k.kills++
	}
	return err
}
