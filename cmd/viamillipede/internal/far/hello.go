package far

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"runtime"
	"strings"

	"viamillipede/engine"
)

// self is this program, whatever has become of its name.
const self = "/proc/self/exe"

// digestOf is the SHA-256 of a file, in hexadecimal, and its size.
func digestOf(f io.Reader) (digest string, size int64, err error) {
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// prepareCopy opens this program, and makes the script that takes it.
func (h *Host) prepareCopy() (program *os.File, script string, err error) {
	if program, err = os.Open(self); err != nil {
		return nil, "", err
	}
	digest, size, err := digestOf(program)
	if err == nil {
		_, err = program.Seek(0, io.SeekStart)
	}
	if err != nil {
		program.Close()
		return nil, "", err
	}
	h.digest = digest
	return program, copying(digest, size), nil
}

// welcome waits for the far end's hello. program is this one, to be sent along; nil: it is not.
func (h *Host) welcome(program *os.File) error {
	for {
		word, rest, err := h.hear(0)
		if err != nil {
			return err
		}
		switch word {
		case saysFound:
			h.found = true
		case saysAbsent:
			return fail(engine.StatusConnect, "%s has no viamillipede: install it there, or say ssh copy", h.Name)
		case saysWant:
			if program == nil {
				return h.puzzled(word)
			}
			if err := h.sendCopy(program, rest); err != nil {
				return err
			}
		case saysSpoilt:
			return fail(engine.StatusConnect, "no copy on %s: %s", h.Name, rest)
		case saysHello:
			return h.meetsUs(rest)
		default:
			return h.puzzled(word)
		}
	}
}

// puzzled is the error for a word that makes no sense here.
func (h *Host) puzzled(word string) error {
	return fail(engine.StatusConnect, "%s answers over ssh what is not understood: %q", h.Name, word)
}

// machines is what uname -m says where programs of an architecture run.
var machines = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}

// sendCopy sends this program, if it can run there.
func (h *Host) sendCopy(program *os.File, machine string) error {
	if here := "Linux " + cmp.Or(machines[runtime.GOARCH], runtime.GOARCH); machine != here {
		return fail(engine.StatusConnect, "%s is %s, and this program is for %s: it cannot be copied there", h.Name, machine, here)
	}
	h.copied = true
	_, _ = io.Copy(h.ask, program) // what was lost is found there
	return nil
}

// meetsUs checks whether the far end speaks as this one does.
func (h *Host) meetsUs(hello string) error {
	h.greeted = true
	speaks, rest, _ := strings.Cut(hello, " ")
	digest, version, _ := strings.Cut(rest, " ")
	switch {
	case speaks != talk:
		return fail(engine.StatusRefused, "%s has viamillipede %s, which speaks over ssh in another way: install %s there, or say ssh copy", h.Name, version, h.Version)
	case h.copied && digest != h.digest:
		return fail(engine.StatusConnect, "the copy on %s is not this program: its SHA-256 is %s, and not %s", h.Name, digest, h.digest)
	case version != h.Version:
		h.Say("version " + version + " is here, and " + h.Version + " at the other end")
	}
	return nil
}
