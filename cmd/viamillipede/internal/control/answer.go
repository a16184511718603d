package control

import (
	"encoding/json"

	"viamillipede/cmd/viamillipede/internal/events"
)

// Head begins each answer.
type Head struct {
	Version int    `json:"v"`
	Answer  string `json:"answer"`
}

// Answers by their heads.
var (
	isStatus   = Head{Version, "status"}
	isSet      = Head{Version, "set"}
	isStopping = Head{Version, "stopping"}
	isExit     = Head{Version, "exit"}
	isError    = Head{Version, "error"}
)

// Status is how a program stands.
type Status struct {
	Head
	Time string `json:"time"` // RFC 3339
	events.Beginning
	Kind string  `json:"kind"`           // stream, keep or bench
	Age  float64 `json:"age"`            // seconds since the program began
	CPU  float64 `json:"cpu"`            // seconds that its threads have used
	Keep int     `json:"keep,omitempty"` // streams, or pairs of them, that it serves at the same time
	Ends []End   `json:"ends"`           // of its streams, now
	Text string  `json:"text,omitempty"` // for people
}

// NewStatus begins the answer to status.
func NewStatus() *Status { return &Status{Head: isStatus, Ends: []End{}} }

// Line is the answer as a line of JSON, without the text for people.
func (s *Status) Line() string {
	bare := *s
	bare.Text = ""
	line, err := json.Marshal(bare)
	if err != nil {
		return "" // only a figure that is not a number could be the reason, and there is none
	}
	return string(line) + "\n"
}

// End is how an end of a stream stands: what an interval says, since the client or another one last asked, or else of the last second; and
// more.
type End struct {
	Side   string `json:"side"`             // tx or rx
	Number int    `json:"number,omitempty"` // of the stream, where there are many
	State  string `json:"state"`            // waiting (for the peer), comparing, running, outage, ended
	events.Interval
	Elapsed   float64        `json:"elapsed"`         // seconds since the first link
	Average   float64        `json:"average"`         // bytes a second since then
	Left      float64        `json:"left,omitempty"`  // seconds until the end, as it looks now; 0: not known
	Still     float64        `json:"still,omitempty"` // seconds in which nothing was seen to move
	Comparing *Comparing     `json:"comparing,omitempty"`
	Window    *Window        `json:"window,omitempty"` // at a sender that has met its receiver
	Ring      *Ring          `json:"ring,omitempty"`   // at a receiver that has met its sender
	Outages   int            `json:"outages"`          // so far
	Outage    *events.Outage `json:"outage,omitempty"` // the present one
	Sidechain *events.Coded  `json:"sidechain,omitempty"`
	Tunable   *Tunable       `json:"tunable,omitempty"`
	Each      []Link         `json:"each_link,omitempty"`
}

// Tunable is what can be changed of an end while it runs, as it is now, beside the rates and states of paths. Absent: nothing can.
type Tunable struct {
	Giveup      float64   `json:"giveup"`                 // seconds; 0: for ever
	Limit       uint64    `json:"limit,omitempty"`        // bytes a second, at a sender; 0: none
	Threads     int       `json:"threads,omitempty"`      // links wanted, where it dials; 0: as many as raise the rate
	ThreadsMost int       `json:"threads_most,omitempty"` // to which that can be raised; 0: it listens
	Spill       []float64 `json:"spill,omitempty"`        // of each path, in their order: milliseconds; negative: never
}

// Comparing is how much was hashed of a file, of what both ends may have.
type Comparing struct {
	Bytes uint64 `json:"bytes"`
	Of    uint64 `json:"of"`
}

// Window is the window of a sender: legs, and bytes of memory.
type Window struct {
	Next      uint64 `json:"next"`      // number of the next new leg
	Received  uint64 `json:"received"`  // every leg before this one is received
	Delivered uint64 `json:"delivered"` // every leg before this one is delivered
	Credit    uint64 `json:"credit"`    // legs that may be sent beyond delivered
	Resend    int    `json:"resend"`    // legs to be sent again
	Kept      int64  `json:"kept"`      // bytes of the legs kept
	Limit     int64  `json:"limit"`     // bytes that may be kept
}

// Ring is the ring of a receiver, in legs.
type Ring struct {
	Next     uint64 `json:"next"`      // number of the next leg for the sink
	Received uint64 `json:"received"`  // every leg before this one is received
	Depth    int    `json:"depth"`     // legs here beyond next
	Credit   int    `json:"credit"`    // legs that the sender may send beyond next
	SinkFull bool   `json:"sink_full"` // the consumer is behind
}

// Link is how one link stands.
type Link struct {
	Link  int     `json:"link"`
	Path  string  `json:"path"`
	Order *int    `json:"order,omitempty"` // of the path, from 0
	State string  `json:"state"`           // dialling, up, stalled, down
	For   float64 `json:"for"`             // seconds in that state
	Bytes uint64  `json:"bytes"`
	Rate  float64 `json:"rate"` // bytes a second, of the last second
	RTT   float64 `json:"rtt"`  // smoothed round trip, seconds
	Cwnd  int     `json:"cwnd"` // segments
	Again int     `json:"retransmits"`
	Legs  int     `json:"legs"` // on their way
	Loop  int     `json:"loop"`
	CPU   int     `json:"cpu"` // where its packets last came in; -1: not known
}

// Set is what has changed.
type Set struct {
	Head
	Changes []Change `json:"changes"`
}

// NewSet is the answer to set.
func NewSet(changes []Change) *Set { return &Set{isSet, changes} }

// Change is one setting that has changed, of an end of a stream or of the program, in the words of the command line.
type Change struct {
	Side   string `json:"side,omitempty"`
	Number int    `json:"number,omitempty"`
	Word   string `json:"word"`
	Path   string `json:"path,omitempty"` // that it is about
	Was    string `json:"was"`
	Is     string `json:"is"`
}

// Stopping is the answer to stop, at once.
type Stopping struct{ Head }

// Exit is the answer to stop in the end: the exit status of the program.
type Exit struct {
	Head
	Status  int    `json:"status"`
	Meaning string `json:"meaning"`
}

// Error is why nothing was done, in one line.
type Error struct {
	Head
	Text string `json:"error"`
}

// NewError is the answer to what cannot be done.
func NewError(err error) *Error { return &Error{isError, err.Error()} }
