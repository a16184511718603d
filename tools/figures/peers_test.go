package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for _, c := range []struct{ program, said, want string }{
		{"nc", "OpenBSD netcat (Debian patchlevel 1.219-1)\nusage: nc [-46CDdFhklNnrStUuvZz] [-I length]\n", "OpenBSD netcat (Debian patchlevel 1.219-1)"},
		{"nc", "Ncat 7.93 ( https://nmap.org/ncat )\nUsage: ncat [options]\n", "Ncat 7.93 ( https://nmap.org/ncat )"},
		{"nc", "GNU netcat 0.7.1, a rewrite of the famous networking tool.\n", "GNU netcat 0.7.1, a rewrite of the famous networking tool."},
		{"nc", "[v1.10-47]\nconnect to somewhere:\tnc [-options]\n", "[v1.10-47]"},
		{"socat", "socat by Gerhard Rieger and contributors - see www.dest-unreach.org\nsocat version 1.7.4.4 on 06 Nov 2022\n", "1.7.4.4"},
		{"mbuffer", "mbuffer version R20230301\nCopyright 2001-2023\n", "R20230301"},
		{"iperf3", "iperf 3.12 (cJSON 1.7.15)\nLinux host 6.18 x86_64\n", "3.12"},
		{"ssh", "OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.19 27 Jan 2026\n", "OpenSSH_9.2p1"},
		{"mptcpize", "mptcpize 0.12\n", "0.12"},
		{"other", "other (build) 1.2.3 | x\n", "1.2.3"},
		{"socat", "socat: unknown option\n", "not told"},
		{"nc", "", "not told"},
	} {
		if got := parseVersion(c.program, c.said); got != c.want {
			t.Errorf("%s: %q, want %q", c.program, got, c.want)
		}
	}
}

func TestParseIperf(t *testing.T) {
	rate, bytes, err := parseIperf(`{"start":{},"intervals":[],"end":{"sum_sent":{"bytes":99},
		"sum_received":{"start":0,"end":2,"seconds":2,"bytes":4000000000,"bits_per_second":16000000000.0}}}` + "\n")
	if err != nil || rate != 2 || bytes != 4000000000 {
		t.Errorf("%v GB/s, %d bytes, %v", rate, bytes, err)
	}
	for _, text := range []string{"", "iperf3: error", "{}", `{"start":{},"end":{},"error":"unable to connect"}`} {
		if rate, _, err := parseIperf(text); err == nil {
			t.Errorf("%q: %v GB/s", text, rate)
		}
	}
}

// program puts a shell script in front of all other programs of its name, for the time of a test.
func program(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

func peerNamed(t *testing.T, set settings, name string) peer {
	t.Helper()
	for _, p := range peers(set) {
		if p.name == name {
			return p
		}
	}
	t.Fatalf("no peer %s", name)
	return peer{}
}

// A stand-in for ssh runs the command here: the consumer's figures come back, and a stream cut short is none.
func TestRemoteConsumer(t *testing.T) {
	const skipOptions = `while [ "$1" = -o ]; do shift 2; done; [ "$1" = 127.0.0.1 ] || exit 9; shift; `
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	set := settings{self: self, gib: 1.0 / 128}
	program(t, "ssh", skipOptions+`eval "$@"`)
	ssh := peerNamed(t, set, rowSSH)
	if why := ssh.absent(t.Context()); why != "" {
		t.Fatal(why)
	}
	s, err := measure(t.Context(), set, ssh.contender)
	if err != nil || s.rate <= 0 || s.tx <= 0 {
		t.Errorf("%+v, %v", s, err)
	}
	program(t, "ssh", skipOptions+`head -c 1000 | eval "$@"`)
	if s, err := measure(t.Context(), set, ssh.contender); err == nil {
		t.Errorf("a stream cut short gave %+v", s)
	}
	program(t, "ssh", "echo Connection refused; exit 255")
	if why := ssh.absent(t.Context()); !strings.Contains(why, "Connection refused") || strings.Contains(why, "\n") {
		t.Errorf("without a server: %q", why)
	}
}

func TestAbsentPeers(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	set := settings{only: []string{rowSocat, rowIperf, caseVmsplice + rowSocat}}
	absent := absentPeers(t.Context(), set)
	if absent[rowIperf] == "" || absent[rowSocat] != "socat is not installed" {
		t.Errorf("%v", absent)
	}
	set.absent = absent
	if got := contenders(set); len(got) != 0 {
		t.Errorf("contenders %v", got)
	}
	if got := peerPrograms(set); len(got) != 0 {
		t.Errorf("programs %v", got)
	}
	if got := describe(t.Context(), set); !strings.Contains(got, "- iperf3: absent, iperf3 is not installed\n") {
		t.Errorf("header:\n%s", got)
	}
}

// MPTCP stands or falls with the machine; iperf3 is measured where it is.
func TestPeersThatAreHere(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	set := settings{self: self, gib: 1.0 / 128}
	for _, name := range []string{rowMPTCP, rowIperf} {
		p := peerNamed(t, set, name)
		if why := p.absent(t.Context()); why != "" {
			t.Logf("%s: absent, %s", name, why)
			continue
		}
		if s, err := measure(t.Context(), set, p.contender); err != nil || s.rate <= 0 || s.tx <= 0 || s.rx <= 0 {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}
