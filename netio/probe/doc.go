// Package probe finds out what the kernel lets this process do by doing it: with pipes, sockets, files and BPF programs
// of its own, which are gone when a function returns. It changes nothing on the machine.
//
// An error wraps the kernel's answer; errors.ErrUnsupported and fs.ErrPermission tell its kind.
package probe
