package affinity

import (
	"fmt"
	"strconv"

	"viamillipede/netio/host"
)

// tree is the folder that holds the kernel's files.
//
// A file that is missing, empty or unreadable counts as absent: containers hide many of them, and they only affect speed.
// A file whose content we do not understand is an error that names it.
type tree struct{ host.Root }

// malformed is the error for a file that says something unexpected.
func (t tree) malformed(name string, err error) error {
	return fmt.Errorf("%s: %w", t.Path(name), err)
}

// list reads a file such as "0-3,8"; nil if it is absent.
func (t tree) list(name string) ([]int, error) {
	text := t.Text(name)
	if text == "" {
		return nil, nil
	}
	cpus, err := ParseList(text)
	if err != nil {
		return nil, t.malformed(name, err)
	}
	return cpus, nil
}

// mask reads a file such as "00000003,ffffffff"; nil if it is absent or has no CPU.
func (t tree) mask(name string) ([]int, error) {
	text := t.Text(name)
	if text == "" {
		return nil, nil
	}
	cpus, err := parseMask(text)
	if err != nil {
		return nil, t.malformed(name, err)
	}
	return cpus, nil
}

// number reads a file that holds one number.
func (t tree) number(name string, absent int) (int, error) {
	text := t.Text(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, t.malformed(name, fmt.Errorf("expected a number, got %q", text))
	}
	return n, nil
}
