package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/bench/report"
	"viamillipede/tools/internal/ends"
)

// peer is another program to compare with.
type peer struct {
	contender
	programs []string                         // that it needs
	missing  func(ctx context.Context) string // why it is not available all the same, or ""; nil means ""
}

// peers are the other programs, each with the settings that were found fastest.
func peers(set settings) []peer {
	socatRX := []string{"socat", "-u", "-b", "1048576", "TCP-LISTEN:PORT,reuseaddr", "-"}
	socatTX := []string{"socat", "-u", "-b", "1048576", "-", "TCP:127.0.0.1:PORT"}
	mptcp := []string{"mptcpize", "run"}
	consumer := append([]string{"exec"}, ends.Consumer(set.self, drainRead)...)
	return []peer{
		{contender: contender{name: rowSocat, anyhow: true, rx: socatRX, tx: socatTX}, programs: []string{"socat"}},
		{contender: contender{name: rowMbuffer, anyhow: true, rx: []string{"mbuffer", "-q", "-s", "1M", "-m", "64M", "-I", "PORT"},
			tx: []string{"mbuffer", "-q", "-s", "1M", "-m", "64M", "-O", "127.0.0.1:PORT"}}, programs: []string{"mbuffer"}},
		{contender: contender{name: rowNC, anyhow: true, rx: []string{"nc", "-d", "-l", "127.0.0.1", "PORT"},
			tx: []string{"nc", "-N", "127.0.0.1", "PORT"}}, programs: []string{"nc"}},
		{contender: contender{name: rowMPTCP, anyhow: true, rx: slices.Concat(mptcp, socatRX), tx: slices.Concat(mptcp, socatTX)},
			programs: []string{"mptcpize", "socat"}, missing: noMPTCP},
		{contender: contender{name: rowSSH, tx: append(sshCommand(), consumer...), remote: true}, programs: []string{"ssh"}, missing: noSSH},
		{contender: contender{name: rowSSHFast, tx: append(sshCommand("-o", "Ciphers=aes128-gcm@openssh.com"), consumer...), remote: true},
			programs: []string{"ssh"}, missing: noSSH},
		{contender: contender{name: rowSocatTLS, anyhow: true,
			rx: []string{"socat", "-u", "-b", "1048576", "OPENSSL-LISTEN:PORT,reuseaddr,verify=0,cert=" + set.secrets.cert, "-"},
			tx: []string{"socat", "-u", "-b", "1048576", "-", "OPENSSL:127.0.0.1:PORT,verify=0"}},
			programs: []string{"socat"}, missing: set.secrets.noTLS},
		{contender: contender{name: rowIperf, rx: []string{"iperf3", "-s", "-1", "-p", "PORT"}, alone: true,
			tx: []string{"iperf3", "-c", "127.0.0.1", "-p", "PORT", "-n", "BYTES", "-l", "1M", "-Z", "-C", "cubic", "-J"}},
			programs: []string{"iperf3"}},
	}
}

// rivals are the peers that ours should never be behind, whatever is at the ends of the stream.
func rivals() []string { return []string{rowSocat, rowMbuffer, rowNC} }

// rivalsIn are the available rivals in streams of another kind, named after it.
func rivalsIn(set settings, kind string) []contender {
	var all []contender
	for _, p := range peers(set) {
		if slices.Contains(rivals(), p.name) && set.absent[p.name] == "" {
			c := p.contender
			c.name = kind + c.name
			all = append(all, c)
		}
	}
	return all
}

// absentPeers says for each peer that is not available, why.
func absentPeers(ctx context.Context, set settings) map[string]string {
	absent := map[string]string{}
	for _, p := range peers(set) {
		if why := p.absent(ctx); why != "" {
			absent[p.name] = why
		}
	}
	return absent
}

// absent says why a peer is not available; "" if it is.
func (p peer) absent(ctx context.Context) string {
	for _, program := range p.programs {
		if _, err := exec.LookPath(program); err != nil {
			return program + " is not installed"
		}
	}
	if p.missing == nil {
		return ""
	}
	return p.missing(ctx)
}

// noMPTCP says why MPTCP sockets are not available (Documentation/networking/mptcp-sysctl.rst in the kernel's source).
func noMPTCP(context.Context) string {
	switch text, err := os.ReadFile("/proc/sys/net/mptcp/enabled"); {
	case err != nil:
		return "the kernel has no MPTCP"
	case strings.TrimSpace(string(text)) != "1":
		return "MPTCP is switched off (net.mptcp.enabled)"
	}
	return ""
}

// sshCommand connects to this host without prompting and without adding it to the user's known hosts.
func sshCommand(more ...string) []string {
	return slices.Concat([]string{"ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", "-o", "LogLevel=ERROR",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"}, more, []string{"127.0.0.1"})
}

// noTLS says why socat cannot have TLS.
func (s secrets) noTLS(ctx context.Context) string {
	said, err := exec.CommandContext(ctx, "socat", "-V").Output()
	switch {
	case s.cert == "":
		return "there is no certificate"
	case err == nil && !strings.Contains(string(said), "#define WITH_OPENSSL 1"):
		return "socat has no TLS"
	}
	return ""
}

// sshLimit bounds the test of the server.
const sshLimit = 10 * time.Second

// noSSH says why ssh cannot run a command on this host.
func noSSH(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, sshLimit)
	defer cancel()
	argv := append(sshCommand(), "true")
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	said, err := cmd.CombinedOutput()
	if err == nil {
		return ""
	}
	return "no server on 127.0.0.1 that takes us without a password: " + cmp.Or(report.OneLine(string(said)), err.Error())
}

// peerPrograms are the programs of the measured peers, each once.
func peerPrograms(set settings) []string {
	var names []string
	for _, p := range peers(set) {
		if !set.wants(p.name) || set.absent[p.name] != "" {
			continue
		}
		for _, program := range p.programs {
			if !slices.Contains(names, program) {
				names = append(names, program)
			}
		}
	}
	return names
}
