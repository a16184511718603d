package events

import (
	"encoding/json"
	"sync"
	"time"
)

// Version is that of the schema.
const Version = 1

// head begins each line.
type head struct {
	Version int    `json:"v"`
	Seq     uint64 `json:"seq"` // from 1, without a gap unless lines are missing
	Time    string `json:"time"`
	Event   string `json:"event"`
	Side    string `json:"side,omitempty"`   // "tx" or "rx"; none: the program's
	Number  uint64 `json:"number,omitempty"` // of the stream, where one program serves many
}

// record is what a line says beside its head: a struct whose fields have names in JSON.
type record interface{ event() string }

// Listener gets whole lines, each with its newline, in order. It must not wait, nor keep the line.
type Listener func(event string, line []byte)

// Teller makes lines. Any goroutine may use it. A nil Teller tells nobody.
type Teller struct {
	mu        sync.Mutex
	seq       uint64 // of the last line; guarded by mu
	listeners []Listener
}

// NewTeller makes one that tells these.
func NewTeller(to ...Listener) *Teller {
	if len(to) == 0 {
		return nil
	}
	return &Teller{listeners: to}
}

// tell tells of something that happens now to a side, of the stream with that number.
func (t *Teller) tell(side string, number uint64, r record) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seq++
	line, err := join(head{Version, t.seq, time.Now().UTC().Format(time.RFC3339Nano), r.event(), side, number}, r)
	if err != nil {
		return // only a figure that is not a number could be the reason, and there is none
	}
	for _, l := range t.listeners {
		l(r.event(), line)
	}
}

// join makes one object of two, and a line of that.
func join(h head, r record) ([]byte, error) {
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	line = line[:len(line)-1]
	if len(body) > len("{}") {
		line = append(append(line, ','), body[1:]...)
	} else {
		line = append(line, '}')
	}
	return append(line, '\n'), nil
}

// Missing is the line in place of so many that could not be written in time.
func Missing(lines int) string {
	line, err := join(head{Version: Version, Time: time.Now().UTC().Format(time.RFC3339Nano), Event: "missing"}, missing{lines})
	if err != nil {
		return ""
	}
	return string(line)
}
