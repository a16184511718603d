package control

import (
	"net"
	"os"
	"syscall"
)

// peer is the effective user of the process at the other end of a connection, as the kernel noted when it connected or began to listen.
func peer(c *net.UnixConn) (uid uint32, ok bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	var cred *syscall.Ucred
	failed := raw.Control(func(fd uintptr) {
		cred, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if failed != nil || err != nil {
		return 0, false
	}
	return cred.Uid, true
}

// mayAsk reports whether a client may ask this program: one of the same user, or of root.
func mayAsk(c *net.UnixConn) bool {
	uid, ok := peer(c)
	return ok && (uid == 0 || uid == uint32(os.Geteuid()))
}

// isOurs reports whether what answers is a program that this user may believe: one of the same user, or of root. Root asks everybody.
func isOurs(c *net.UnixConn) bool {
	uid, ok := peer(c)
	return ok && (uid == 0 || uid == uint32(os.Geteuid()) || os.Geteuid() == 0)
}
