// Package probe finds out what the kernel lets this process do, by doing it: with pipes, sockets, files and programs of its
// own, which are gone when a function returns. Nothing of the machine is changed.
//
// An error is the kernel's answer, wrapped; errors.ErrUnsupported and fs.ErrPermission tell which kind.
package probe
