package ends

import "golang.org/x/sys/unix"

// The raw calls bypass Go's scheduler, which would cost a stream of large moves several per cent. The thread blocks in
// them with its P, so they are only for roles that run alone.

// Splice is splice(2) without offsets; it retries EINTR. 0 is the end of the stream.
func Splice(in, out, n, flags int) (int, error) {
	for {
		r, _, errno := unix.RawSyscall6(unix.SYS_SPLICE, uintptr(in), 0, uintptr(out), 0, uintptr(n), uintptr(flags))
		if errno == 0 {
			return int(r), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// Tee is tee(2): it gives out a copy by reference of what in holds; it retries EINTR.
func Tee(in, out, n int) (int, error) {
	for {
		r, _, errno := unix.RawSyscall6(unix.SYS_TEE, uintptr(in), uintptr(out), uintptr(n), 0, 0, 0)
		if errno == 0 {
			return int(r), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}
