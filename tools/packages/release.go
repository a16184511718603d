package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// release is what is made, and from what.
type release struct {
	version string    // as "viamillipede version" says it
	date    time.Time // of the commit: of every file that is made, too
	root    string    // the folder of the sources
}

// findRelease finds out what the sources in a folder are: from the file that git archive fills in, or from git.
func findRelease(ctx context.Context, root string) (release, error) {
	text, err := os.ReadFile(filepath.Join(root, "tools/packages/version"))
	if err != nil {
		return release{}, err
	}
	line := string(text)
	if strings.HasPrefix(line, "$") { // not filled in: a clone
		if line, err = describe(ctx, root); err != nil {
			return release{}, fmt.Errorf("neither a clone nor an archive of git: %w", err)
		}
	}
	words := strings.Fields(line) // the description, which may be absent, the commit, the date
	if len(words) < 2 {
		return release{}, fmt.Errorf("no version in %q", line)
	}
	seconds, err := strconv.ParseInt(words[len(words)-1], 10, 64)
	if err != nil {
		return release{}, fmt.Errorf("no date in %q", line)
	}
	return release{version: words[0], date: time.Unix(seconds, 0).UTC(), root: root}, nil
}

// describe is the version and the date of a clone.
func describe(ctx context.Context, root string) (string, error) {
	var all []string
	for _, words := range [][]string{{"describe", "--tags", "--always", "--dirty"}, {"log", "-1", "--format=%ct"}} {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", root}, words...)...).Output()
		if err != nil {
			return "", fmt.Errorf("git %s: %w", words[0], err)
		}
		all = append(all, strings.TrimSpace(string(out)))
	}
	return strings.Join(all, " "), nil
}

// numbered is a description that begins with a version, with what git adds for the commits since: v1.2-7-g1a2b3c4-dirty.
var numbered = regexp.MustCompile(`^v?([0-9]+(?:\.[0-9]+){1,2})(?:-([0-9]+)-g[0-9a-f]+)?(?:-dirty)?$`)

// number is the version as packages have it, in the order of time: 1.2 is before 1.2.0.7, seven commits later; what has no version
// yet is before all that have.
func (r release) number() string {
	m := numbered.FindStringSubmatch(r.version)
	if m == nil {
		return "0.0.0-git" + r.date.Format("20060102150405")
	}
	for strings.Count(m[1], ".") < 2 {
		m[1] += ".0"
	}
	if m[2] != "" {
		return m[1] + "." + m[2]
	}
	return m[1]
}
