package events

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"viamillipede/cmd/viamillipede/internal/notify"
	"viamillipede/cmd/viamillipede/internal/voice"
)

// Open opens what the user has named: a file, which is made anew; fd:N, a descriptor; or -, standard output. Lines to it are written
// beside whoever tells them: what it does not take in time is dropped, the oldest first, and counted. failed hears once of a line
// that could not be written.
func Open(name string, failed func(error)) (*voice.Voice, error) {
	out, err := open(name)
	if err != nil {
		return nil, err
	}
	return voice.NewFor(out, Missing, failed), nil
}

func open(name string) (*os.File, error) {
	if name == "-" {
		return os.Stdout, nil
	}
	if fd, is, _ := notify.ParseFD(name); is {
		return notify.TakeFD(fd)
	}
	f, err := voice.OpenFile(name, os.O_TRUNC)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w", name, err)
	}
	return f, nil
}
