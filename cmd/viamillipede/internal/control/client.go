package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"viamillipede/cmd/viamillipede/internal/local"
)

const (
	// AnswerMost bounds how long a client waits for an answer.
	AnswerMost = 10 * time.Second
	// answerMost bounds the answer, in bytes: the most is one with each link of many streams.
	answerMost = 64 << 20
)

// Client is a connection to a program. It belongs to one goroutine.
type Client struct {
	conn *net.UnixConn
	in   *bufio.Scanner
}

// ErrGone is what is left of a program that has ended: its socket.
var ErrGone = errors.New("the program has ended")

// Dial connects to a program. A socket in this user's folders that nobody listens at is removed, if there is no such process that may be about
// to. Errors: ErrGone, or one for people.
func Dial(p Place) (*Client, error) {
	conn, err := net.DialTimeout("unix", p.Path, AnswerMost)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) && p.PID > 0 && slices.Contains(folders(), filepath.Dir(p.Path)):
		if !runs(p.PID) {
			local.Sweep(p.Path)
		}
		return nil, ErrGone
	case errors.Is(err, syscall.ENOENT) && p.PID > 0:
		return nil, ErrGone
	case err != nil:
		return nil, fmt.Errorf("%s: %w", p.Path, local.Cause(err))
	}
	c := &Client{conn: conn.(*net.UnixConn)}
	if !isOurs(c.conn) {
		conn.Close()
		return nil, fmt.Errorf("%s: another user listens there", p.Path)
	}
	c.in = bufio.NewScanner(conn)
	c.in.Buffer(nil, answerMost)
	return c, nil
}

// Close ends it.
func (c *Client) Close() { c.conn.Close() }

// Ask asks for one thing, and decodes the answer into one of the types of this package. Errors: an *Error, if that is the answer, or why there
// is none.
func (c *Client) Ask(r Request, answer any) error {
	r.Version = Version
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := c.conn.SetDeadline(time.Now().Add(AnswerMost)); err != nil {
		return err
	}
	if _, err := c.conn.Write(append(line, '\n')); err != nil {
		return local.Cause(err)
	}
	return c.next(answer)
}

// Await waits for the second answer to stop: the end of the program. Errors: as of Ask; os.ErrDeadlineExceeded: it has not ended in time.
func (c *Client) Await(atMost time.Duration) (e Exit, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(atMost)); err != nil {
		return e, err
	}
	err = c.next(&e)
	return e, err
}

// next reads an answer.
func (c *Client) next(answer any) error {
	if !c.in.Scan() {
		switch err := c.in.Err(); {
		case err == nil:
			return ErrGone
		case errors.Is(err, bufio.ErrTooLong):
			return fmt.Errorf("an answer of more than %d bytes", answerMost)
		default:
			return local.Cause(err)
		}
	}
	var failure Error
	if err := json.Unmarshal(c.in.Bytes(), &failure); err != nil {
		return errors.New("an answer that is none of the protocol")
	}
	switch {
	case failure.Version != Version:
		return fmt.Errorf("an answer of version %d, expected %d", failure.Version, Version)
	case failure.Head == isError:
		return &failure
	}
	return json.Unmarshal(c.in.Bytes(), answer)
}

// Error is why nothing was done.
func (e *Error) Error() string { return e.Text }

// Status asks how the program stands; see Request.
func (c *Client) Status(r Request) (*Status, error) {
	r.Ask = AskStatus
	s := &Status{}
	return s, c.Ask(r, s)
}

// Set has a setting changed, in the words of the command line.
func (c *Client) Set(words ...string) ([]Change, error) {
	var s Set
	err := c.Ask(Request{Ask: AskSet, Words: words}, &s)
	return s.Changes, err
}

// Stop has the program stop. Await waits for its end.
func (c *Client) Stop() error {
	return c.Ask(Request{Ask: AskStop}, &Stopping{})
}
