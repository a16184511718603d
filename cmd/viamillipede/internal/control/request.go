package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Version is that of the protocol.
const Version = 1

// Bounds of a request.
const (
	RequestMost = 4 << 10 // bytes, with the newline
	wordsMost   = 16
)

// What can be asked.
const (
	AskStatus = "status"
	AskSet    = "set"
	AskStop   = "stop"
)

// Request is what a client asks.
type Request struct {
	Version int      `json:"v"`
	Ask     string   `json:"ask"`
	Words   []string `json:"words,omitempty"`   // of set, as on the command line after the PID
	Text    bool     `json:"text,omitempty"`    // of status: for people, too
	Columns int      `json:"columns,omitempty"` // of that text; 0: any number
	Links   bool     `json:"links,omitempty"`   // of status: each link, too
}

// ParseRequest reads a line. Its errors are for whoever asks.
func ParseRequest(line []byte) (Request, error) {
	var r Request
	if len(line) > RequestMost {
		return r, fmt.Errorf("a request of more than %d bytes", RequestMost)
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return Request{}, errors.New("a request that is no JSON object of the protocol")
	}
	switch {
	case r.Version != Version:
		return Request{}, fmt.Errorf("a request of version %d, expected %d", r.Version, Version)
	case r.Ask != AskStatus && r.Ask != AskSet && r.Ask != AskStop:
		return Request{}, fmt.Errorf("expected %s, %s or %s, found %q", AskStatus, AskSet, AskStop, r.Ask)
	case len(r.Words) > wordsMost:
		return Request{}, fmt.Errorf("more than %d words", wordsMost)
	}
	for _, w := range r.Words {
		if strings.ContainsRune(w, 0) {
			return Request{}, errors.New("a word with a NUL")
		}
	}
	r.Columns = max(0, min(r.Columns, columnsMost))
	return r, nil
}

// columnsMost bounds the width of a text.
const columnsMost = 1000
