package result

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Output is a file that is opened when a measurement begins, so that nobody measures for an hour in vain, and written
// when the measurement is over. Until then an existing file stays as it is, and a measurement that fails leaves nothing
// behind. A nil Output writes nothing.
type Output struct {
	name string
	f    *os.File
	temp string // the name of f if that is a new file beside the one that it will replace; otherwise ""
}

// Create opens an output of that name; "" gives nil. Errors are those of open(2), an *os.PathError.
func Create(name string) (*Output, error) {
	if name == "" {
		return nil, nil
	}
	if to, err := filepath.EvalSymlinks(name); err == nil {
		name = to // replace the target of a link, not the link
	}
	if s, err := os.Stat(name); err == nil && !s.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0) // a device or a pipe, or a folder, which is an error
		return wrap(name, f, "", err)
	}
	// An existing file itself shows whether it can be written.
	old, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	f, failed := beside(name)
	switch {
	case failed == nil && old != nil:
		if s, err := old.Stat(); err == nil {
			_ = f.Chmod(s.Mode().Perm()) // if refused, it keeps the mode of a new file
		}
		old.Close()
	case failed != nil && old != nil:
		return wrap(name, old, "", nil) // in a folder where no file can be created
	case failed != nil:
		if e, ok := errors.AsType[*os.PathError](failed); ok {
			e.Path = name
		}
		return nil, failed
	}
	return wrap(name, f, f.Name(), nil)
}

// mostBeside is how many leftovers of killed measurements may lie beside a file.
const mostBeside = 100

// beside creates a file with a new name beside another one; existing files stay as they are. The error is that of
// open(2).
func beside(name string) (f *os.File, err error) {
	part := name + ".part"
	for i := range mostBeside {
		if f, err = os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666); !errors.Is(err, os.ErrExist) {
			return f, err
		}
		part = fmt.Sprint(name, ".part", i+2)
	}
	return nil, err
}

func wrap(name string, f *os.File, temp string, err error) (*Output, error) {
	if err != nil {
		return nil, err
	}
	return &Output{name, f, temp}, nil
}

// Write fills the file and puts it in place; afterwards the Output is used up. The error is that of write or of a system
// call.
func (o *Output) Write(write func(io.Writer) error) error {
	if o == nil || o.f == nil {
		return nil
	}
	if o.temp == "" {
		_ = o.f.Truncate(0) // a device has no length
	}
	err := errors.Join(write(o.f), o.f.Close())
	o.f = nil
	if o.temp == "" {
		return err
	}
	if err == nil {
		err = os.Rename(o.temp, o.name)
	}
	if err != nil {
		_ = os.Remove(o.temp)
	}
	return err
}

// Discard ends an unwritten output and leaves what was there before. After Write it does nothing.
func (o *Output) Discard() {
	if o == nil || o.f == nil {
		return
	}
	o.f.Close()
	o.f = nil
	if o.temp != "" {
		_ = os.Remove(o.temp)
	}
}
