package main

import (
	"context"
	"os"
	"sync"

	"viamillipede/cmd/viamillipede/internal/part"
	"viamillipede/engine"
)

// naming is what gives a file that is received its name, which its sender says. It implements engine.Consumer.
type naming struct {
	file  *part.File
	named chan struct{} // closed when it has the name, or cannot have it
	once  sync.Once     // closes it
	why   error         // why it cannot; set before that
}

// openFolder opens a file in a folder, for a stream whose name is not known yet.
func (inv *invocation) openFolder(c *engine.ReceiveConfig) (*part.File, *naming, error) {
	dir := inv.filing.sink
	p, err := part.Enter(dir)
	if err != nil {
		return nil, nil, localPipe(err.Error(), nil)
	}
	if c.Sink, err = p.FD(); err != nil {
		p.Close()
		return nil, nil, localPipe("cannot write to "+dir, err)
	}
	f := &naming{file: p, named: make(chan struct{})}
	c.Consumer = f
	c.SinkFile = engine.SinkFile{Name: "a file in " + dir, Own: true, Whole: func(bytes uint64) error {
		if <-f.named; f.why != nil {
			return f.why
		}
		return p.Finish(int64(bytes), inv.filing.sync)
	}}
	return p, f, nil
}

// checkFolder finds out whether files can be received into the folder, if there is one, so that nobody comes where they cannot.
func (inv *invocation) checkFolder() error {
	if !inv.keepsFolder {
		return nil
	}
	p, err := part.Enter(inv.filing.sink)
	if err != nil {
		return localPipe(err.Error(), nil)
	}
	p.Close()
	return nil
}

// gets notes whether the file has its name.
func (f *naming) gets(why error) error {
	f.once.Do(func() {
		f.why = why
		close(f.named)
	})
	return why
}

// Begun implements engine.Consumer.
func (f *naming) Begun(_ context.Context, o engine.Origin) error {
	if o.Title == "" {
		return f.gets(localPipe("the stream has no name, which a receiver into a folder needs: give tx a name", nil))
	}
	if err := f.file.Name(o.Title); err != nil {
		return f.gets(localPipe(err.Error(), nil))
	}
	return f.gets(nil)
}

// Left implements engine.Consumer.
func (f *naming) Left(context.Context) error { return nil }

// Accepts implements engine.Consumer.
func (f *naming) Accepts(context.Context) error { return nil }

// leave makes nobody wait for a name any more.
func (f *naming) leave() {
	if f != nil {
		_ = f.gets(os.ErrClosed)
	}
}

// openNothing opens the null device, for a stream that is only checked. It stays the caller's to close.
func openNothing(c *engine.ReceiveConfig) (*os.File, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, localPipe("cannot open "+os.DevNull, err)
	}
	c.Sink, c.SinkFile.Name = int(null.Fd()), os.DevNull
	return null, nil
}
