package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// buildLimit bounds one command of git or go; a program is built from scratch within a minute or two.
const buildLimit = 5 * time.Minute

// programs are the two programs compared, and what they are.
type programs struct {
	old, new         string // files
	oldName, newName string
}

// build builds both programs in a folder with the same settings, so that equal sources give equal bytes. reason says why
// there is no program of the commit before; "" if there is one.
func build(ctx context.Context, dir, base string) (p programs, reason string, err error) {
	p = programs{filepath.Join(dir, "old"), filepath.Join(dir, "new"), "", "this tree"}
	p.oldName, err = command(ctx, ".", "git", "rev-parse", "--verify", "--quiet", "--short", base+"^{commit}")
	if err != nil {
		return p, fmt.Sprintf("there is no commit %s", base), nil
	}
	if err := compile(ctx, ".", p.new); err != nil {
		return p, "", err
	}
	tree := filepath.Join(dir, "tree")
	// The tree is removed even if ctx has ended, and so is what is left of one that failed.
	defer command(context.WithoutCancel(ctx), ".", "git", "worktree", "remove", "--force", tree)
	// Without the developer's own git hooks.
	if _, err := command(ctx, ".", "git", "-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet", "--detach", tree, p.oldName); err != nil {
		return p, fmt.Sprintf("commit %s cannot be checked out: %v", p.oldName, err), nil
	}
	if err := compile(ctx, tree, p.old); err != nil {
		return p, fmt.Sprintf("commit %s does not build: %v", p.oldName, err), ctx.Err()
	}
	return p, "", nil
}

// compile builds the program of a source tree, with the same version whatever the tree.
func compile(ctx context.Context, tree, to string) error {
	_, err := command(ctx, tree, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w -X main.version=gate", "-o", to, "./cmd/viamillipede")
	return err
}

// command runs a command in a folder and returns what it prints, on one line.
func command(ctx context.Context, dir string, argv ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	cmd.WaitDelay = time.Second
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", argv[0], argv[1], err, strings.Join(strings.Fields(said.String()), " "))
	}
	return strings.TrimSpace(out.String()), nil
}

// alike reports whether both files hold the same bytes.
func (p programs) alike() (bool, error) {
	a, err := os.ReadFile(p.old)
	if err != nil {
		return false, err
	}
	b, err := os.ReadFile(p.new)
	return bytes.Equal(a, b), err
}
