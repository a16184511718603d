package chore

import (
	"context"
	"time"
)

// Sleep waits for d or for the end of ctx.
func Sleep(ctx context.Context, d time.Duration) { SleepUntil(ctx, d, nil, nil, nil) }

// SleepUntil waits for d, for the end of ctx, or for one of three events, which it reports; nil is none.
func SleepUntil(ctx context.Context, d time.Duration, one, two, three <-chan struct{}) (came bool) {
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

// AwaitAll receives n times from c, for at most the given time.
func AwaitAll(c <-chan struct{}, n int, atMost time.Duration) {
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
