package result

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Output is a file that is opened when a measurement begins, so that nobody measures for an hour in vain, and gets what it is for
// when the measurement is over. Until then a file that was there before stays as it is, and a measurement that fails leaves
// nothing. A nil Output is none.
type Output struct {
	name string
	f    *os.File
	temp bool // f is another file beside that of the name
}

// Create opens an output of that name; "" is none. Errors are those of open(2), an *os.PathError.
func Create(name string) (*Output, error) {
	if name == "" {
		return nil, nil
	}
	if to, err := filepath.EvalSymlinks(name); err == nil {
		name = to // what a link leads to is replaced, and not the link
	}
	if s, err := os.Stat(name); err == nil && !s.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0) // a device or a pipe, or a folder, which is an error
		return wrap(name, f, false, err)
	}
	// Whether it could be written is asked of the file itself, where there is one.
	old, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	f, failed := os.OpenFile(name+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	switch {
	case failed == nil && old != nil:
		if s, err := old.Stat(); err == nil {
			_ = f.Chmod(s.Mode().Perm()) // refused: it has that of a new file
		}
		old.Close()
	case failed != nil && old != nil:
		return wrap(name, old, false, nil) // in a folder where nothing can be made
	case failed != nil:
		if e, ok := errors.AsType[*os.PathError](failed); ok {
			e.Path = name
		}
		return nil, failed
	}
	return wrap(name, f, true, nil)
}

func wrap(name string, f *os.File, temp bool, err error) (*Output, error) {
	if err != nil {
		return nil, err
	}
	return &Output{name, f, temp}, nil
}

// Write fills the file, and puts it in its place; the Output is used up then. The error is that of write, or of a system call.
func (o *Output) Write(write func(io.Writer) error) error {
	if o == nil || o.f == nil {
		return nil
	}
	if !o.temp {
		_ = o.f.Truncate(0) // a device has no length
	}
	err := errors.Join(write(o.f), o.f.Close())
	o.f = nil
	if !o.temp {
		return err
	}
	if err == nil {
		err = os.Rename(o.name+".part", o.name)
	}
	if err != nil {
		_ = os.Remove(o.name + ".part")
	}
	return err
}

// Discard ends an output that is not written, and leaves what was there before. After Write it does nothing.
func (o *Output) Discard() {
	if o == nil || o.f == nil {
		return
	}
	o.f.Close()
	o.f = nil
	if o.temp {
		_ = os.Remove(o.name + ".part")
	}
}
