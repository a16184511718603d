package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/tools/internal/record"
)

// programs are the programs that measure, and the one that is measured.
type programs struct {
	bin string // viamillipede
	dir string // of figures and queues, and of their output

	root bool // whether those that need root may run
}

// grace is how long a program has to end its own children, after it is told to stop and before it is killed.
const grace = 10 * time.Second

// run runs a program to its end. Its stderr goes to ours, its stdout to out.
func (p programs) run(ctx context.Context, out io.Writer, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	cmd.WaitDelay = grace
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	err := cmd.Run()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(argv[0]), err)
	}
	return nil
}

// build builds the programs that measure, and viamillipede unless another one is given.
func (p *programs) build(ctx context.Context) error {
	if p.bin == "" {
		p.bin = "bin/viamillipede"
		if err := p.run(ctx, os.Stderr, "make", "--no-print-directory", "build"); err != nil {
			return err
		}
	}
	return p.run(ctx, os.Stderr, "go", "build", "-o", p.dir+"/", "./tools/figures", "./tools/queues")
}

// figures runs tools/figures.
func (p programs) figures(ctx context.Context, words ...string) (record.Record, error) {
	file := filepath.Join(p.dir, "figures.json")
	argv := append([]string{filepath.Join(p.dir, "figures"), "-bin", p.bin, "-json", file}, words...)
	if err := p.run(ctx, io.Discard, argv...); err != nil {
		return record.Record{}, err
	}
	return record.Read(file)
}

// For a quick run: seven rounds of these take a minute on two CPUs.
const (
	quickRows   = "limit,local pipe,threads 16,threads 1,socat,mbuffer,nc,socat over MPTCP,ssh,iperf3"
	quickRounds = "7"
	quickGiB    = "2"
)

// quick prints what tools/figures says about the main rows.
func (p programs) quick(ctx context.Context) error {
	return p.run(ctx, os.Stdout, filepath.Join(p.dir, "figures"), "-bin", p.bin,
		"-only", quickRows, "-rounds", quickRounds, "-gib", quickGiB)
}

// queues returns what tools/queues prints.
func (p programs) queues(ctx context.Context, rounds int) (string, error) {
	var out bytes.Buffer
	err := p.run(ctx, &out, filepath.Join(p.dir, "queues"), "-bin", p.bin, "-rounds", strconv.Itoa(rounds))
	return strings.TrimSpace(out.String()), err
}
