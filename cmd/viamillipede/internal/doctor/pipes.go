package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"viamillipede/netio/host"
	"viamillipede/netio/probe"
)

// wantedPipe is the size that the program asks for, in bytes, for each of its pipes and those at standard input and
// output.
const wantedPipe = 1 << 20

// pipeMost says how large a pipe an unprivileged user may have.
func pipeMost(l *look) Check {
	const name = "pipe_max"
	n, err := l.number(host.SysctlFile("fs.pipe-max-size"))
	switch {
	case err != nil:
		return unread(name, err)
	case n < wantedPipe:
		return bad(name, Slow, size(n)+", "+size(wantedPipe)+" are asked for", "",
			fmt.Sprintf("sysctl -w fs.pipe-max-size=%d", wantedPipe))
	}
	return ok(name, "%s", size(n))
}

// defaultPages is the kernel's default for pipe-user-pages-soft: 64 MiB in pages of 4 KiB.
const defaultPages = 16384

// pipeBudget says how much pipe memory a user may have.
func pipeBudget(l *look) Check {
	const name = "pipe_pages"
	n, err := l.number(host.SysctlFile("fs.pipe-user-pages-soft"))
	switch {
	case err != nil:
		return unread(name, err)
	case n == 0:
		return ok(name, "no limit")
	case l.Capable(host.SysAdmin, host.SysResource):
		return ok(name, "%d a user, which does not apply to this one", n)
	case n < defaultPages:
		return bad(name, Slow, fmt.Sprintf("%d for all pipes of a user", n), "",
			fmt.Sprintf("sysctl -w fs.pipe-user-pages-soft=%d", defaultPages))
	}
	return ok(name, "%d for all pipes of a user", n)
}

// pipes says what size of pipe this user actually gets.
func pipes(l *look) Check {
	const name = "pipes"
	got, err := l.Kernel.Pipe(wantedPipe)
	switch {
	case got == 0 && err != nil:
		return unread(name, err)
	case got >= wantedPipe:
		return ok(name, "%s asked for, %s given", size(wantedPipe), size(int64(got)))
	}
	found := fmt.Sprintf("%s asked for, %s given", size(wantedPipe), size(int64(got)))
	if err != nil {
		found += ": " + oneLine(err)
	}
	const advice = "this user's pipes are used up, by other programs too: the stream is copied"
	if most, e := l.number(host.SysctlFile("fs.pipe-max-size")); e == nil && most < wantedPipe {
		return bad(name, Slow, found, "see pipe_max")
	}
	pages, e := l.number(host.SysctlFile("fs.pipe-user-pages-soft"))
	if e != nil || pages == 0 {
		return bad(name, Slow, found, "")
	}
	return bad(name, Slow, found, advice, fmt.Sprintf("sysctl -w fs.pipe-user-pages-soft=%d", 4*max(pages, defaultPages)))
}

func vmsplice(l *look) Check { return l.way(probe.Vmsplice, "a program's pages go into a pipe") }
func splice(l *look) Check   { return l.way(probe.Splice, "a file's pages go into a pipe") }
func tee(l *look) Check      { return l.way(probe.Tee, "a pipe's pages go into another") }

// way says whether pages are moved by reference.
func (l *look) way(way probe.Way, what string) Check {
	name := string(way)
	byReference, err := l.Kernel.Moves(way)
	switch {
	case err != nil:
		return l.refused(name, err)
	case !byReference:
		return bad(name, Slow, "works, but this kernel copies: "+what+" as copies", "")
	}
	return ok(name, "by reference: %s", what)
}

// refused is the verdict on a call that failed: not permitted, or not there.
func (l *look) refused(name string, err error) Check {
	v := Missing
	if errors.Is(err, fs.ErrPermission) {
		v = Off
	}
	advice := ""
	if l.filtered() {
		advice = "this process runs under a filter (seccomp), which may be why"
	}
	return bad(name, v, oneLine(err), advice)
}

// provenance says whether pipes are sent by reference, which requires proof that their pages cannot change.
func provenance(l *look) Check {
	const name = "provenance"
	cost, err := l.Kernel.Provenance()
	if err == nil {
		return ok(name, "works, %v a pipe: what comes from one is sent by reference", cost.Round(100*time.Nanosecond))
	}
	c := l.refused(name, err)
	c.Found = "what comes from a pipe is copied once: " + c.Found
	if c.Verdict == Off {
		c = l.grant(c)
	}
	return c
}
