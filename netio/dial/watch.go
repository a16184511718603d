package dial

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// changes are what is watched of the network (rtnetlink(7)): devices, addresses and routes.
var changes = []uint{
	unix.RTNLGRP_LINK,
	unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR,
	unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE,
}

// watchQueue is the memory for unread events, in bytes. Only that some came matters, so in a storm the kernel had best
// drop them; it says when it did.
const watchQueue = 8 << 10

// WatchNetwork calls changed after devices, addresses or routes of this machine have changed, until ctx ends. changed may
// take its time: whatever happens meanwhile leads to one more call. It returns nil once ctx has ended; an error says why
// there are no more calls.
func WatchNetwork(ctx context.Context, changed func()) error {
	s, err := nl.Subscribe(unix.NETLINK_ROUTE, changes...)
	if err != nil {
		return fmt.Errorf("subscribe to network events: %w", err)
	}
	defer s.Close()
	_ = s.SetReceiveBufferSize(watchQueue, false) // if refused, more of a storm is read
	defer context.AfterFunc(ctx, s.Close)()
	for {
		err := receiveEvent(s, 0)
		for err == nil {
			err = receiveEvent(s, time.Millisecond)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case !errors.Is(err, unix.EAGAIN):
			return fmt.Errorf("wait for network events: %w", err)
		}
		changed()
	}
}

// receiveEvent waits for one event, for at most the time given; 0 is for ever. (EAGAIN): none came. Dropped events count
// as an event.
func receiveEvent(s *nl.NetlinkSocket, atMost time.Duration) error {
	wait := unix.NsecToTimeval(int64(atMost))
	if err := s.SetReceiveTimeout(&wait); err != nil {
		return err
	}
	if _, _, err := s.Receive(); !errors.Is(err, unix.ENOBUFS) {
		return err
	}
	return nil
}
