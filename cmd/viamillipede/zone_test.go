package main

import (
	"strings"
	"testing"
)

// A link-local address says which link it is on, wherever one may stand.
func TestLinkLocalNeedsItsDevice(t *testing.T) {
	for _, line := range []string{
		"tx fe80::1", "tx fe80::1 9000 threads 2", "tx a tx [fe80::1]", "tx a via fe80::1", "rx bind fe80::1", "tx a bind fe80::1",
		"tx fe80::1 via 2001:db8::1", "tx fe80::1 via 2001:db8::1 bind fe80::1%eth0", "bench tx fe80::1", "lanes tx fe80::1",
	} {
		err := parseAny(strings.Fields(line))
		if err == nil || !strings.Contains(err.Error(), "as in fe80::1%eth0") {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, line := range []string{
		"tx fe80::1%eth0", "tx fe80::1 via eth0", "tx fe80::1 via fe80::2%eth0", "tx fe80::1 bind fe80::2%eth0", "rx bind fe80::1%3",
		"tx 169.254.1.1", "tx a via 169.254.1.1", "tx ::1", "rx bind ::",
	} {
		if err := parseAny(strings.Fields(line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// parseAny reads a command line of any command.
func parseAny(words []string) error {
	if words[0] == lanesWord {
		_, err := parseLanes(words[1:])
		return err
	}
	_, err := parse(words)
	return err
}
