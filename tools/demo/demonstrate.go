package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"viamillipede/tools/internal/pipeline"
)

// graceful is how long a program may take to end once told to.
const graceful = 5 * time.Second

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

func demonstrate(ctx context.Context, program, source string) error {
	size, err := contentSize(source)
	if err != nil {
		return err
	}
	fmt.Printf("a tar of %s, %d MiB, from one process to another over loopback:\n\n", source, size>>20)
	o := run(ctx, program, source, size/2)
	report(o)
	switch {
	case o.err != nil:
		return o.err
	case o.sent.bytes != o.came.bytes || o.sent.String() != o.came.String():
		return errors.New("what came out is not what went in")
	}
	return nil
}

// run moves the tar and returns when both programs have ended. After half bytes both are asked for their status.
func run(user context.Context, program, source string, half int64) outcome {
	ctx, cancel := context.WithCancel(user)
	defer cancel()
	began := time.Now()
	o := outcome{sent: newCount(), came: newCount(), tx: newProcess("tx"), rx: newProcess("rx")}
	s, in, out, err := o.start(ctx, program)
	if err != nil {
		o.err = err
		return o
	}
	defer s.End()

	drained := make(chan error, 1)
	go func() {
		defer out.Close()
		_, err := io.Copy(o.came, out)
		drained <- err
	}()
	err = o.feed(ctx, in, source, half)
	if err != nil {
		cancel() // an incomplete stream must not look complete
	}
	in.Close()
	lost := <-drained
	_, ended := s.Wait()
	o.err = errors.Join(context.Cause(user), err, ended, lost)
	o.took = time.Since(began)
	return o
}

// start starts both programs, prints their commands, and returns this process's ends of their pipes.
func (o *outcome) start(ctx context.Context, program string) (s *pipeline.Stream, in, out *os.File, err error) {
	options := fmt.Sprintf("threads %d checksum verbose 1", links)
	receive := "rx PORT " + options
	send := fmt.Sprintf("tx 127.0.0.1 PORT %s chaos %d", options, chaos)
	stdin, in, err := pipeline.Pipe()
	if err != nil {
		return nil, nil, nil, err
	}
	defer stdin.Close() // tx has it
	out, stdout, err := pipeline.Pipe()
	if err != nil {
		in.Close()
		return nil, nil, nil, err
	}
	defer stdout.Close() // rx has it
	s, err = pipeline.Start(ctx, pipeline.Plan{
		RX: o.rx.end(program, receive), TX: o.tx.end(program, send), Stdin: stdin, Stdout: stdout, Grace: graceful,
	})
	if err != nil {
		in.Close()
		out.Close()
		return nil, nil, nil, err
	}
	o.rx.child, o.tx.child = s.RX, s.TX
	for _, words := range []string{receive, send} {
		fmt.Printf("  viamillipede %s\n", strings.ReplaceAll(words, "PORT", strconv.Itoa(int(s.Port))))
	}
	return s, in, out, nil
}

// feed writes the tar to tx and returns once both programs have shown their status, or earlier if tx ends.
func (o *outcome) feed(ctx context.Context, in io.Writer, source string, half int64) error {
	asked := false
	buffered := bufio.NewWriterSize(io.MultiWriter(in, o.sent), 1<<20)
	err := writeTar(buffered, source, func() error {
		if asked || o.sent.bytes < half {
			return nil
		}
		asked = true
		return errors.Join(o.tx.askStatus(), o.rx.askStatus())
	})
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = errors.Join(o.tx.awaitStatus(ctx), o.rx.awaitStatus(ctx))
	}
	if err != nil {
		return fmt.Errorf("feed the sender: %w", err)
	}
	return nil
}
