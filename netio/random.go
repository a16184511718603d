package netio

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// Random fills p from the kernel's generator (getrandom(2)). It bypasses crypto/rand, whose self-tests would take a good
// part of a short stream's life; what is drawn here protects no secret.
func Random(p []byte) error {
	for len(p) > 0 {
		n, err := unix.Getrandom(p, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return os.NewSyscallError("getrandom", err)
		}
		p = p[n:]
	}
	return nil
}

// RandomID draws a random 64-bit number.
func RandomID() (uint64, error) {
	var b [8]byte
	err := Random(b[:])
	return binary.LittleEndian.Uint64(b[:]), err
}
