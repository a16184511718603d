package ways

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"viamillipede/engine/seal"
	"viamillipede/engine/wire"
)

// prove seals a lap's connection, if links are sealed. With an error, the verdict is what the error amounts to.
func (k *keeper) prove(ctx context.Context, l *lap) (wire.Verdict, error) {
	key := k.d.cfg.Key
	if key == nil {
		return wire.VerdictOK, nil
	}
	raw := l.c
	end, _ := ctx.Deadline()
	raw.SetDeadline(end)
	stop := context.AfterFunc(ctx, func() { raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	c, err := key.Dial(ctx, raw)
	if open, ok := errors.AsType[*seal.Clear](err); ok {
		return inTheClear(open.First, raw)
	}
	if err != nil {
		return wire.VerdictOK, muteIfLate(err)
	}
	l.c = c
	return wire.VerdictOK, nil
}

// inTheClear is what an answer in the clear amounts to, which begins with first. Nothing that is said so lets a stream begin.
func inTheClear(first []byte, c net.Conn) (wire.Verdict, error) {
	_, v, err := hearWelcome(io.MultiReader(bytes.NewReader(first), c), "peer")
	switch {
	case v == wire.VerdictMeasures, v == wire.VerdictVersion:
		return v, err
	case err != nil && !wire.LikeWelcome(first): // no viamillipede, or no answer
		return v, err
	}
	// A peer that knows nothing of keys takes the handshake for a stranger's.
	return wire.VerdictKey, fmt.Errorf("refused by the peer: %v", wire.VerdictKey)
}
