package far

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// mark begins each line of the far end. Whatever else is on its standard output, a login shell has said.
const mark = "viamillipede-far "

// talk is the version of what the two ends say to each other.
const talk = "1"

// What the far end says, with what follows.
const (
	saysFound   = "found"   // of the shell: viamillipede is there, and is started
	saysAbsent  = "absent"  // of the shell: it is not. SYSTEM MACHINE
	saysWant    = "want"    // of the shell: it takes a copy. SYSTEM MACHINE
	saysSpoilt  = "spoilt"  // of the shell: the copy is of no use. WHY
	saysHello   = "hello"   // TALK DIGEST VERSION; DIGEST is -, unless it is a copy
	saysPort    = "port"    // it listens. PORT
	saysReached = "reached" // it has reached the near end. ADDRESS
	saysFailed  = "failed"  // it cannot do what it was asked. WHY
)

// What the near end asks for, with what follows.
const (
	asksListen = "listen" // FIRST LAST WORD
	asksDial   = "dial"   // PORT WORD
	asksBegin  = "begin"  // COUNT, then a line with the key, and one for each word, quoted as in Go
)

// lineMost bounds a line, in bytes: a word of a command line may have 128 KiB (MAX_ARG_STRLEN, execve(2)), and more when it is quoted.
const lineMost = 1 << 20

// wordsMost bounds the words of a command line.
const wordsMost = 1000

// junkMost bounds what a login shell may say, in lines.
const junkMost = 10000

var errLong = errors.New("a line is too long")

// readLine reads a line without its newline. It is valid until the next call. io.EOF: there is no whole line.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, errLong
	case err != nil:
		return nil, err
	}
	return line[:len(line)-1], nil
}

// readMarked reads up to the next line with the mark.
func readMarked(r *bufio.Reader) (word, rest string, err error) {
	for range junkMost {
		line, err := readLine(r)
		switch {
		case errors.Is(err, errLong):
			continue
		case err != nil:
			return "", "", err
		}
		if said, ok := strings.CutPrefix(string(line), mark); ok {
			word, rest, _ = strings.Cut(said, " ")
			return word, rest, nil
		}
	}
	return "", "", errLong
}

// write writes lines in one call.
func write(w io.Writer, lines ...string) error {
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}
