package pipeline

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
)

const (
	firstPort = 20000 // ports are tried from here on, below those that the kernel gives to outgoing connections
	portCount = 10000
	portTries = 100
)

// FreePort returns a TCP port that nobody listens on.
func FreePort() (uint16, error) {
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
