// Package marked rewrites the measured parts of a text whose other parts are written by hand. A measured part stands
// between two marker lines; NAME consists of lower-case letters, digits and hyphens:
//
//	<!-- measured: NAME -->
//	<!-- end -->
package marked

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const endLine = "<!-- end -->"

var (
	beginLine = regexp.MustCompile(`^<!-- measured: ([a-z0-9-]+) -->$`)
	// suspect is what looks like a marker. If it is not exactly a marker it is a mistake, and everything after it is in
	// doubt.
	suspect = regexp.MustCompile(`(?i)<!-*\s*(measured|end)\b`)
)

// Replace returns the text with new contents for the named parts; everything else stays the same to the byte. Errors,
// with no text: a misplaced marker, a part that the text does not have, content that contains a marker.
func Replace(text string, parts map[string]string) (string, error) {
	for name, content := range parts {
		if suspect.MatchString(content) {
			return "", fmt.Errorf("the new content of %q holds a marker", name)
		}
	}
	found := map[string]bool{}
	out, err := walk(text, func(name, content string) string {
		found[name] = true
		if now, ok := parts[name]; ok {
			return "\n" + strings.Trim(now, "\n") + "\n\n"
		}
		return content
	})
	if err != nil {
		return "", err
	}
	for name := range parts {
		if !found[name] {
			return "", fmt.Errorf("there is no measured part %q", name)
		}
	}
	return out, nil
}

// Check returns an error if a file cannot be given new contents for the named parts: before they are measured, which may take long.
func Check(name string, parts ...string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("run this from the root of the source: %w", err)
	}
	none := map[string]string{}
	for _, part := range parts {
		none[part] = ""
	}
	if _, err := Replace(string(text), none); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// walk returns the text with the content of each part replaced by what f returns; on an error the text is not usable.
func walk(text string, f func(name, content string) string) (string, error) {
	var out, content strings.Builder
	seen := map[string]bool{}
	inside, number := "", 0
	for line := range strings.Lines(text) {
		number++
		bare := strings.TrimSuffix(line, "\n")
		begin := beginLine.FindStringSubmatch(bare)
		switch {
		case begin != nil && inside != "":
			return "", fmt.Errorf("line %d: %q begins inside %q", number, begin[1], inside)
		case begin != nil && seen[begin[1]]:
			return "", fmt.Errorf("line %d: a second %q", number, begin[1])
		case begin != nil:
			inside = begin[1]
			seen[inside] = true
			out.WriteString(line)
		case bare == endLine && inside == "":
			return "", fmt.Errorf("line %d: an end without a beginning", number)
		case bare == endLine:
			out.WriteString(f(inside, content.String()) + line)
			content.Reset()
			inside = ""
		case suspect.MatchString(bare):
			return "", fmt.Errorf("line %d: not quite a marker: %q", number, bare)
		case inside != "":
			content.WriteString(line)
		default:
			out.WriteString(line)
		}
	}
	if inside != "" {
		return "", fmt.Errorf("%q has no end", inside)
	}
	return out.String(), nil
}

// Rewrite is Replace for a file. It reads the file afresh, so manual changes made meanwhile are kept. The file is
// replaced as a whole or, on an error, not at all.
func Rewrite(name string, parts map[string]string) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	now, err := Replace(string(old), parts)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	if now == string(old) {
		return nil
	}
	return Store(name, []byte(now))
}

// Store writes a file readable by all, as a whole or not at all.
func Store(name string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
