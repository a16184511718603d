package provenance

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// testRun is the part of union bpf_attr that BPF_PROG_TEST_RUN reads (linux/bpf.h).
type testRun struct {
	progFD      uint32
	retval      uint32
	dataSizeIn  uint32
	dataSizeOut uint32
	dataIn      uint64
	dataOut     uint64
	repeat      uint32
	duration    uint32
	ctxSizeIn   uint32
	ctxSizeOut  uint32
	ctxIn       unsafe.Pointer // a pointer, so that it stays valid when the stack moves
	ctxOut      unsafe.Pointer
	flags       uint32
	cpu         uint32
	batchSize   uint32
	_           uint32
}

// run makes the program answer the question; a program of type SYSCALL does so in the caller's memory. It is a raw call,
// since it is short and cannot block; the library's call costs twice as much as the check itself.
func run(program int, q *question) syscall.Errno {
	a := testRun{
		progFD:    uint32(program),
		ctxSizeIn: uint32(unsafe.Sizeof(*q)),
		ctxIn:     unsafe.Pointer(q),
	}
	for {
		_, _, errno := unix.RawSyscall(unix.SYS_BPF, unix.BPF_PROG_TEST_RUN, uintptr(unsafe.Pointer(&a)), unsafe.Sizeof(a))
		if errno != unix.EINTR {
			runtime.KeepAlive(q)
			return errno
		}
	}
}
