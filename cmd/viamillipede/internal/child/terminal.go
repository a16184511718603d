package child

import (
	"context"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/creack/pty"
)

// terminal is what a program has in place of pipes: it is between them and the program. A terminal cannot be handed on like a pipe, since
// to open it anew through /proc would make another one.
//
//	sink   ---> in ---> near | far ---> the program
//	source <--- out <-- near | far <---
type terminal struct {
	near, far *os.File
	in, out   *os.File      // our ends of the pipes
	typed     byte          // the last byte of the input; at first, the end of a line
	fed       chan struct{} // closed when all of the input is in the terminal, or cannot be; typed is final then
}

// endOfInput is what a terminal takes for the end (VEOF, termios(3)) at the beginning of a line; within one it only passes that on.
const endOfInput = "\x04"

// lineEnds are what a line ends with, as a terminal sees it.
const lineEnds = "\n\r" + endOfInput

// NewTerminal makes the terminal of a command, and the pipes to it; it does not run yet. Its input, its output and its standard error are the
// terminal.
func NewTerminal(command string) (*Child, error) {
	c, err := New(command, true, true)
	if err != nil {
		return nil, err
	}
	t := &terminal{fed: make(chan struct{}), typed: lineEnds[0]}
	if t.near, t.far, err = pty.Open(); err != nil {
		c.Close()
		return nil, err
	}
	for _, fd := range c.theirs {
		_ = syscall.SetNonblock(fd, true) // so that Close ends a Read
	}
	t.in, t.out = os.NewFile(uintptr(c.theirs[0]), "input"), os.NewFile(uintptr(c.theirs[1]), "output")
	c.theirs, c.terminal = [2]int{-1, -1}, t
	return c, nil
}

// Resize says how large the terminal is; nothing, where there is none.
func (c *Child) Resize(columns, rows uint16) {
	if c.terminal != nil {
		_ = pty.Setsize(c.terminal.near, &pty.Winsize{Cols: columns, Rows: rows})
	}
}

// run moves the bytes until the program has ended, and closes the far end, which the keeper has.
func (t *terminal) run() {
	t.far.Close()
	go func() {
		defer close(t.fed)
		_, _ = io.Copy(typist{t}, t.in)
	}()
	go func() {
		_, _ = io.Copy(t.out, t.near) // up to EIO: nobody has the far end
		t.out.Close()
	}()
}

// release lets the program see the end of its input.
func (t *terminal) release(ctx context.Context) error {
	select {
	case <-t.fed:
	case <-ctx.Done():
		return ctx.Err()
	}
	end := endOfInput
	if strings.IndexByte(lineEnds, t.typed) < 0 {
		end += endOfInput // the first one passes on what there is of a line
	}
	_, _ = t.near.WriteString(end)
	return nil
}

// typist writes the input of a terminal.
type typist struct{ *terminal }

// Write implements io.Writer.
func (t typist) Write(p []byte) (int, error) {
	if len(p) > 0 {
		t.typed = p[len(p)-1]
	}
	return t.near.Write(p)
}

// ended notes that the program has ended: nobody reads its input.
func (t *terminal) ended() { t.in.Close() }

func (t *terminal) close() {
	for _, f := range []*os.File{t.near, t.far, t.in, t.out} {
		f.Close()
	}
}
