package engine

import (
	"context"
	"time"
)

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) { sleepUntil(ctx, d, nil, nil, nil) }

// sleepUntil waits for d, for the end of ctx, or for one of three events, which it reports; nil is none.
func sleepUntil(ctx context.Context, d time.Duration, one, two, three <-chan struct{}) (came bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return false
	case <-ctx.Done():
		return false
	case <-one:
	case <-two:
	case <-three:
	}
	return true
}

// awaitAll receives n times from c, for at most the given time.
func awaitAll(c <-chan struct{}, n int, atMost time.Duration) {
	timeout := time.NewTimer(atMost)
	defer timeout.Stop()
	for range n {
		select {
		case <-c:
		case <-timeout.C:
			return
		}
	}
}
