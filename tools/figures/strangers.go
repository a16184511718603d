package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// How many strangers of each kind come to the port of a running stream.
const (
	scanners = 100 // connect and close, one after another
	babblers = 20  // send random bytes
	crowd    = 200 // come at once, say nothing and stay until the stream ends
)

// strangers are connections to the port of a running stream that are not its links.
type strangers struct {
	cancel context.CancelFunc
	done   chan error
}

func inviteStrangers(ctx context.Context, port uint16) *strangers {
	ctx, cancel := context.WithCancel(ctx)
	s := &strangers{cancel: cancel, done: make(chan error, 1)}
	go func() { s.done <- visit(ctx, fmt.Sprintf("127.0.0.1:%d", port)) }()
	return s
}

// stop ends them and returns the error that kept them from coming.
func (s *strangers) stop() error {
	s.cancel()
	return <-s.done
}

// visit sends all of them. The stream may end at any time, which ends ctx and is not an error.
func visit(ctx context.Context, address string) error {
	var d net.Dialer
	noise := make([]byte, 4096)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	for i := range scanners + babblers {
		c, err := d.DialContext(ctx, "tcp", address)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if i >= scanners {
			_, _ = c.Write(noise) // may fail with a reset
		}
		c.Close()
	}
	var all sync.WaitGroup
	for range crowd {
		all.Go(func() {
			if c, err := d.DialContext(ctx, "tcp", address); err == nil {
				<-ctx.Done()
				c.Close()
			}
		})
	}
	all.Wait()
	return nil
}
