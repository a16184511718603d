package main

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/bench/report"
)

// asked is how to make a program print its version, and where it stands in the output.
type asked struct {
	flag  string
	where *regexp.Regexp // with one group
}

func askedOf(program string) asked {
	switch program {
	case "nc": // has no flag for it; at least four programs have this name
		return asked{"-h", regexp.MustCompile(`(?m)^(.*(?:netcat|Ncat|\[v\d).*)$`)}
	case "socat":
		return asked{"-V", regexp.MustCompile(`socat version (\S+)`)}
	case "mbuffer":
		return asked{"--version", regexp.MustCompile(`mbuffer version (\S+)`)}
	case "iperf3":
		return asked{"--version", regexp.MustCompile(`iperf (\d\S*)`)}
	case "ssh":
		return asked{"-V", regexp.MustCompile(`(OpenSSH_[^\s,]+)`)}
	case "mptcpize":
		return asked{"-V", regexp.MustCompile(`mptcpize (\S+)`)}
	}
	return asked{"--version", regexp.MustCompile(`(\d+\.\d\S*)`)}
}

// askLimit bounds how long a program asked for its version may run.
const askLimit = 5 * time.Second

// peerVersion asks a program for its version. Some exit with a status other than 0, and some print it on stderr.
func peerVersion(ctx context.Context, program string) string {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, askedOf(program).flag)
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	said, _ := cmd.CombinedOutput()
	return parseVersion(program, string(said))
}

// parseVersion finds the version in a program's output.
func parseVersion(program, said string) string {
	if m := askedOf(program).where.FindStringSubmatch(said); m != nil {
		return strings.TrimSpace(report.OneLine(m[1]))
	}
	return "not told"
}
