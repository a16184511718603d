package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
)

const (
	firstPort  = 20000 // ports are taken from here on, below those that the kernel gives to outgoing connections
	portCount  = 10000
	portTries  = 100
	listenPoll = 2 * time.Millisecond
)

// freePort gives a TCP port that nobody listens on.
func freePort() (uint16, error) {
	for range portTries {
		port := uint16(firstPort + rand.IntN(portCount))
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.IPv6Unspecified(), port)))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, errors.New("found no free port")
}

// listening waits until somebody listens on the port. It looks, and does not connect: the programs serve one connection.
func listening(ctx context.Context, port uint16) error {
	tick := time.NewTicker(listenPoll)
	defer tick.Stop()
	for {
		for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
			if text, err := os.ReadFile(table); err == nil && hasListener(string(text), port) {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for a listener on port %d: %w", port, context.Cause(ctx))
		}
	}
}

// hasListener looks through a table of TCP sockets (proc_pid_net(5)).
func hasListener(table string, port uint16) bool {
	const stateListen = "0A"
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) > 3 && f[3] == stateListen && strings.HasSuffix(f[1], suffix) {
			return true
		}
	}
	return false
}
