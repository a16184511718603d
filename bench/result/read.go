package result

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode"
)

const (
	maxFile = 64 << 20 // bytes; hundreds of thousands of results
	stdin   = "-"      // the name of standard input
)

// Read reads a file in one of the two forms, told apart by the first character: an object of JSON begins with a brace.
// "-" is standard input. The error names the file.
func Read(path string) (File, error) {
	if path == stdin {
		return read(os.Stdin, "standard input")
	}
	in, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer in.Close()
	return read(in, path)
}

// read is Read from an open file; name is for errors.
func read(r io.Reader, name string) (File, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("more than %d MiB", maxFile>>20)
	}
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	f, err := parse(text)
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// parse reads one of the two forms.
func parse(text []byte) (File, error) {
	// Invalid UTF-8 could not be written as JSON.
	text = bytes.ToValidUTF8(text, []byte(string(unicode.ReplacementChar)))
	form := parseText
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		form = parseJSON
	}
	f, err := form(text)
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return File{}, err
	}
	return f, nil
}

// check finds what either form cannot express.
func (f File) check() error {
	for i, r := range f.Results {
		if !oneWord(r.Name) {
			return fmt.Errorf("result %d: expected a name without white space, found %q", i+1, r.Name)
		}
		if len(r.Values) == 0 {
			return fmt.Errorf("result %d, %s: expected values, found none", i+1, r.Name)
		}
		for unit, v := range r.Values {
			if !oneWord(unit) {
				return fmt.Errorf("result %d, %s: expected a unit without white space, found %q", i+1, r.Name, unit)
			}
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("result %d, %s: expected a finite number of %s, found %v", i+1, r.Name, unit, v)
			}
		}
	}
	return nil
}

func oneWord(s string) bool { return s != "" && !strings.ContainsFunc(s, unicode.IsSpace) }
