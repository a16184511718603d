package wire

import "fmt"

// prologueLen is the part of Hello and Welcome that no version may change: magic and version.
const prologueLen = 6

// appendPrologue appends magic and version; version 0 stands for Version.
func appendPrologue(dst []byte, magic string, version uint16) []byte {
	if version == 0 {
		version = Version
	}
	return le.AppendUint16(append(dst, magic...), version)
}

// parsePrologue checks magic and version of b, which may be cut anywhere. The version is 0 with every error but
// ErrVersion.
func parsePrologue(b []byte, magic string) (version uint16, err error) {
	n := min(len(b), len(magic))
	if IsLanes(b) {
		return 0, fmt.Errorf("%w stream: the peer is `viamillipede lanes`", ErrMagic)
	}
	if string(b[:n]) != magic[:n] {
		return 0, fmt.Errorf("%w, or speaks wire version 1: begins with %q", ErrMagic, b[:n])
	}
	if len(b) < prologueLen {
		return 0, fmt.Errorf("%w: %d of %d bytes", ErrShort, len(b), prologueLen)
	}
	version = le.Uint16(b[len(magic):])
	if version != Version {
		return version, fmt.Errorf("%w: the peer speaks %d, this end %d", ErrVersion, version, Version)
	}
	return version, nil
}
