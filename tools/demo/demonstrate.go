package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// count is a digest and the number of bytes in it.
type count struct {
	hash.Hash
	bytes int64
}

func newCount() *count { return &count{Hash: sha256.New()} }

func (c *count) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return c.Hash.Write(p)
}

func (c *count) String() string { return fmt.Sprintf("%x", c.Sum(nil)) }

// outcome is what both ends of the stream did.
type outcome struct {
	sent, came *count
	took       time.Duration
	tx, rx     *process
	err        error
}

// processes are those that were started.
func (o outcome) processes() []*process {
	if o.tx == nil {
		return nil
	}
	return []*process{o.tx, o.rx}
}

func demonstrate(ctx context.Context, program, source string) error {
	size, err := contentSize(source)
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	options := fmt.Sprintf("threads %d checksum verbose 1", links)
	receive := fmt.Sprintf("rx %s %s", port, options)
	send := fmt.Sprintf("tx 127.0.0.1 %s %s chaos %d", port, options, chaos)
	fmt.Printf("a tar of %s, %d MiB, from one process to another over loopback:\n\n", source, size>>20)
	fmt.Printf("  viamillipede %s\n  viamillipede %s\n", receive, send)

	o := run(ctx, program, strings.Fields(receive), strings.Fields(send), source, size/2)
	report(o)
	switch {
	case o.err != nil:
		return o.err
	case o.sent.bytes != o.came.bytes || o.sent.String() != o.came.String():
		return errors.New("what came out is not what went in")
	}
	return nil
}

// run moves the tar and returns when both programs have ended. After half bytes of it both are asked for their status.
func run(user context.Context, program string, receive, send []string, source string, half int64) outcome {
	ctx, cancel := context.WithCancel(user)
	defer cancel()
	began := time.Now()
	o := outcome{sent: newCount(), came: newCount()}

	rx, err := start(ctx, program, receive)
	if err != nil {
		o.err = err
		return o
	}
	tx, err := start(ctx, program, send)
	if err != nil {
		cancel()
		o.err = errors.Join(err, rx.wait())
		return o
	}
	o.tx, o.rx = tx, rx

	drained := make(chan error, 1)
	go func() {
		_, err := io.Copy(o.came, rx.stdout)
		drained <- err
	}()
	err = feed(ctx, tx, rx, source, o.sent, half)
	if err != nil {
		cancel() // a stream that is not whole must not look like one
	}
	lost := <-drained
	o.err = errors.Join(context.Cause(user), tx.wait(), rx.wait(), err, lost)
	o.took = time.Since(began)
	return o
}

// feed writes the tar to tx and closes its standard input when both programs have shown their status. It returns early
// when tx ends.
func feed(ctx context.Context, tx, rx *process, source string, sent *count, half int64) error {
	asked := false
	buffered := bufio.NewWriterSize(io.MultiWriter(tx.stdin, sent), 1<<20)
	err := writeTar(buffered, source, func() error {
		if asked || sent.bytes < half {
			return nil
		}
		asked = true
		return errors.Join(tx.askStatus(), rx.askStatus())
	})
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = errors.Join(tx.awaitStatus(ctx), rx.awaitStatus(ctx))
	}
	if err == nil {
		err = tx.stdin.Close()
	}
	if err != nil {
		return fmt.Errorf("feed the sender: %w", err)
	}
	return nil
}

// freePort finds a port that nobody listens on. It is free when this returns; a program that takes it before the
// receiver does makes the demonstration fail, not pass.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return strconv.Itoa(port), l.Close()
}
