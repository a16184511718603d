// Command packages makes what is released, for amd64 and arm64, below a folder:
//
//	go run ./tools/packages [-out out/packages] [-arch amd64,arm64] [-check]
//
// Debian, RPM and Alpine packages (nfpm, from nfpm.yaml), a tarball with the same files, an OCI image of the program and nothing else,
// for both machines, and the sums of all. Each has the man page, the completions, the units of systemd, the licences of what is
// linked (licences.go) and a bill of materials (bom.go). The same sources and the same Go make the same bytes.
//
// With -check all is made twice and compared, and each package of this machine is installed below a folder, run there and removed
// (check.go), as far as the programs for that are here. Where the tools of others are not available, -check says so and is no failure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	out := flag.String("out", "out/packages", "the folder for all that is made")
	archs := flag.String("arch", "amd64,arm64", "the machines, as Go names them")
	check := flag.Bool("check", false, "make all twice, compare, install, run and remove")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := run(ctx, *out, strings.Split(*archs, ","), *check)
	switch {
	case err == nil:
	case *check && errors.Is(err, errAbsent):
		fmt.Println("packages: skipped:", err)
	default:
		fmt.Fprintln(os.Stderr, "packages:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string, archs []string, check bool) error {
	r, err := findRelease(ctx, ".")
	if err != nil {
		return err
	}
	fmt.Printf("viamillipede %s of %s\n", r.version, r.date.Format("2006-01-02"))
	made, err := r.make(ctx, out, archs)
	if err != nil {
		return err
	}
	for _, name := range made {
		fmt.Println(filepath.Join(out, name))
	}
	if !check {
		return nil
	}
	return r.check(ctx, out, archs, made)
}
