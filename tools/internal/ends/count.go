package ends

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Count is what Sink prints about the stream it took, as one JSON object.
type Count struct {
	Bytes   uint64
	Seconds float64 // from the first byte to the end of file
}

// ParseCount reads what Sink prints.
func ParseCount(text []byte) (Count, error) {
	var c Count
	if err := json.Unmarshal(text, &c); err != nil {
		return Count{}, fmt.Errorf("the consumer said %.100q: %w", text, err)
	}
	return c, nil
}

// Producer is the command line that makes a program which calls Play run Gen.
func Producer(program string, bytes uint64, how string) []string {
	return []string{program, roleGen, strconv.FormatUint(bytes, 10), how}
}

// Pieces is a Producer whose single calls give at most piece bytes.
func Pieces(program string, bytes uint64, how string, piece int) []string {
	return append(Producer(program, bytes, how), strconv.Itoa(piece))
}

// Consumer is the command line that makes a program which calls Play run Sink.
func Consumer(program, how string) []string { return Pausing(program, how, 0, 0) }

// Pausing is a Consumer that pauses once, when it has read at bytes.
func Pausing(program, how string, at uint64, pause time.Duration) []string {
	return []string{program, roleSink, strconv.FormatUint(at, 10), strconv.FormatInt(pause.Milliseconds(), 10), how}
}
