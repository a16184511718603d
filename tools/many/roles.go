package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"viamillipede/tools/internal/ends"
)

// The roles that this program starts itself in, as a command line names them. Both have a folder: a file that is called over ends the
// producers, and each consumer has a file that is called after its process.
const (
	rolePour  = "pour"
	roleDrain = "drain"
	over      = "over"
)

const (
	piece = 256 << 10 // bytes of one write and read
	often = 1 << 20   // bytes from one look at the folder, and from one word about what came, to the next
)

// playRole runs a producer or a consumer if the program was started as one, and returns the exit status; ok is false if it was not.
func playRole(args []string) (status int, ok bool) {
	if len(args) != 2 {
		return 0, false
	}
	work := map[string]func([]string) error{rolePour: pour, roleDrain: drain}[args[0]]
	if work == nil {
		return 0, false
	}
	return ends.Alone(work)(args[1:]), true
}

// pour FOLDER writes a constant buffer to stdout until it is told to end.
func pour(args []string) error {
	b, err := ends.Memory(piece)
	if err != nil {
		return err
	}
	ends.Widen(1)
	end := filepath.Join(args[0], over)
	for looked := 0; ; {
		n, err := ends.Write(1, b)
		if err != nil {
			return fmt.Errorf("pour: %w", err)
		}
		if looked += n; looked < often {
			continue
		}
		looked = 0
		if unix.Access(end, unix.F_OK) == nil {
			return nil
		}
	}
}

// drain FOLDER reads stdin to its end, and writes how much that is to its file again and again.
func drain(args []string) error {
	b, err := ends.Memory(piece)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(args[0], strconv.Itoa(os.Getpid())))
	if err != nil {
		return err
	}
	defer f.Close()
	ends.Widen(0)
	var total, told uint64
	for {
		n, err := ends.Read(0, b)
		if err != nil {
			return fmt.Errorf("drain: %w", err)
		}
		if n == 0 {
			return nil
		}
		if total += uint64(n); total-told < often {
			continue
		}
		told = total
		var word [8]byte
		binary.NativeEndian.PutUint64(word[:], total)
		if _, err := unix.Pwrite(int(f.Fd()), word[:], 0); err != nil {
			return fmt.Errorf("drain: %w", err)
		}
	}
}

// drained is what each consumer of a folder has said, of those that have said something.
func drained(folder string) (counts map[string]uint64, err error) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	counts = make(map[string]uint64)
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			return nil, err
		}
		if _, err := strconv.Atoi(f.Name()); err == nil && len(text) == 8 {
			counts[f.Name()] = binary.NativeEndian.Uint64(text)
		}
	}
	return counts, nil
}
