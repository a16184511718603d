package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"viamillipede/cmd/viamillipede/internal/notify"
	"viamillipede/engine"
	"viamillipede/engine/observe"
	"viamillipede/engine/seal"
	"viamillipede/netio"
)

// keyWords are the keywords about private streams.
func keyWords() []keyword {
	return []keyword{{
		name: "key",
		args: []argument{keyFrom(func(inv *invocation, from string) { inv.keyFrom = from })},
		gist: "seal the links with the key in FILE, at both ends",
		more: `
"viamillipede keygen FILE" makes one; carry it to the other host by a way that you trust.
fd:N reads it from descriptor N, which may not be standard input or output. Each link
begins with a handshake of TLS 1.3, in which both ends prove that they have the key, and
all that follows goes in records of TLS. Others learn how much is sent, and when. Whoever
connects without the key is refused. Every byte is copied, so io has no effect. A key at
one end only: nothing is sent, and tx exits with 3.`,
	}}
}

// keygenWord is the keyword that makes a key.
func keygenWord() keyword {
	return keyword{
		name: "keygen",
		set:  func(inv *invocation) { inv.question = "keygen" },
		args: []argument{keyFile(func(inv *invocation, file string) { inv.keyFrom = file })},
		gist: "make a key for private streams (see key) in a new FILE",
		more: `
32 random bytes, as one line of text that only you can read. The fingerprint, which is
printed, tells keys apart and is no secret; verbose 2 shows it too. A FILE that exists is
left as it is.`,
	}
}

// keyFile is the name of a key's file.
func keyFile(set func(*invocation, string)) argument {
	return argument{
		name: "FILE", want: "a file", literal: true,
		set: func(inv *invocation, word string) bool {
			set(inv, word)
			return namesFile(word)
		},
	}
}

// keyFrom is where a key is.
func keyFrom(set func(*invocation, string)) argument {
	a := keyFile(set)
	a.name, a.want = "FILE|fd:N", "a file, or fd: and a descriptor above 2"
	plain := a.set
	a.set = func(inv *invocation, word string) bool {
		_, is, ok := notify.ParseFD(word)
		return is == ok && plain(inv, word)
	}
	return a
}

// readKey reads the key that the command line names, if it does, and keeps it out of core dumps.
func (inv *invocation) readKey() error {
	if inv.keyFrom == "" {
		return nil
	}
	if err := hideMemory(); err != nil {
		return err
	}
	var err error
	switch fd, is, _ := notify.ParseFD(inv.keyFrom); {
	case is:
		inv.options.Key, err = readKeyAt(fd)
	case isCredential(inv.keyFrom):
		inv.options.Key, err = readCredential(inv.keyFrom)
	default:
		inv.options.Key, err = seal.Load(inv.keyFrom)
	}
	if err != nil {
		return usageError("key: %v", err)
	}
	inv.sayKey()
	return nil
}

// sayKey tells the key that is used from others.
func (inv *invocation) sayKey() {
	if observe.Level(inv.verbose) >= observe.LevelLinks {
		say(ownPrefix, "links are sealed with the key "+inv.options.Key.Fingerprint())
	}
}

// hideMemory keeps keys out of core dumps.
func hideMemory() error {
	if err := netio.HideMemory(); err != nil {
		return &engine.Error{Status: engine.StatusLocalPipe, Reason: "cannot keep the key out of core dumps", Err: err}
	}
	return nil
}

// readKeyAt reads a key from a descriptor, and closes it.
func readKeyAt(fd int) (*seal.Key, error) {
	f := os.NewFile(uintptr(fd), fmt.Sprint("fd:", fd))
	defer f.Close()
	return seal.ReadKey(f)
}

// isCredential reports whether a file is one that systemd has laid out for this service alone (LoadCredential=). It lets the service's
// user read it by an access list, so that its mode may look as if the group could.
func isCredential(file string) bool {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	return dir != "" && filepath.Dir(file) == filepath.Clean(dir)
}

// readCredential reads a key from a credential.
func readCredential(file string) (*seal.Key, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	k, err := seal.ReadKey(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return k, nil
}

// makeKey makes the key that keygen asks for, and writes its fingerprint.
func (inv *invocation) makeKey(w io.Writer) error {
	if err := hideMemory(); err != nil {
		return err
	}
	k := seal.NewKey()
	if err := k.Create(inv.keyFrom); err != nil {
		return usageError("keygen: %v", err)
	}
	if _, err := fmt.Fprintf(w, "%s: key %s\n", inv.keyFrom, k.Fingerprint()); err != nil {
		return localPipe("standard output", err)
	}
	return nil
}
