package events

import "slices"

// Records, by the name of their event. What is not known is left out.

// Beginning is what the program was told to do, and where it runs: the record "start".
type Beginning struct {
	Program  string    `json:"program"`
	Version  string    `json:"version"`
	Wire     int       `json:"wire"`
	Go       string    `json:"go"`
	OS       string    `json:"os"`
	Arch     string    `json:"arch"`
	CPUs     int       `json:"cpus"`
	Host     string    `json:"host"`
	PID      int       `json:"pid"`
	Settings []Setting `json:"settings"`
}

// GivenSettings are the settings that were given, as the command line has them: the kind of a bench with its end is one word of it, and two
// settings.
func (b *Beginning) GivenSettings() (all []Setting) {
	for _, s := range b.Settings {
		if s.Given {
			all = append(all, s)
		}
	}
	if len(all) > 1 && all[0].Word == "bench" && slices.Equal(all[0].Args, []string{all[1].Word}) {
		all[0].Args = nil
	}
	return all
}

// Setting is one word of the command line with its arguments, as given or by default.
type Setting struct {
	Word  string   `json:"word"`
	Args  []string `json:"args"`
	Given bool     `json:"given"`
}

// contact is the peer, met.
type contact struct {
	Peer   string `json:"peer,omitempty"`   // the path, or the address, of the first link
	Stream string `json:"stream,omitempty"` // its id, in hexadecimal
	Links  int    `json:"links,omitempty"`  // that the peer wants
	Size   uint64 `json:"size,omitempty"`   // bytes of the stream
}

// link is what happens to one.
type link struct {
	Link     int    `json:"link"`
	Path     string `json:"path"`
	State    string `json:"state"` // up, down, stalled, resumed, failed (to come up)
	Reason   string `json:"reason,omitempty"`
	Expected bool   `json:"expected,omitempty"`
	Legs     int    `json:"legs,omitempty"` // that go to other links
}

// path is what happens to one.
type path struct {
	Path     string `json:"path"`
	Order    *int   `json:"order,omitempty"` // from 0
	State    string `json:"state"`           // up, down, absent (for over a minute), back (after that), helps, rests
	Reason   string `json:"reason,omitempty"`
	Since    string `json:"since,omitempty"`
	Expected bool   `json:"expected,omitempty"`
}

// Outage is a stream of which nothing gets through.
type Outage struct {
	Phase  string `json:"phase"` // begins, lasts, ends
	First  bool   `json:"first"` // the peer was not met yet
	Since  string `json:"since"`
	Until  string `json:"until,omitempty"` // then the stream fails
	Limit  string `json:"limit,omitempty"` // the word that sets that
	Links  int    `json:"links"`           // up all the same
	Reason string `json:"reason,omitempty"`
	Text   string `json:"text"`
}

// stranger is somebody who connected and was refused.
type stranger struct {
	From   string `json:"from,omitempty"`
	Reason string `json:"reason,omitempty"`
	Count  uint64 `json:"count"`
}

// compare is how much of a file was hashed, of what both ends may have.
type compare struct {
	Bytes int64 `json:"bytes"`
	Of    int64 `json:"of"`
}

// choice is a choice of the engine's, and notice is what else its user is told.
type choice struct {
	Choice string `json:"choice"`
	Text   string `json:"text"`
}

type notice struct {
	Notice string `json:"notice"`
	Text   string `json:"text"`
}

// Interval is how a stream stands, and what it did since the one before.
type Interval struct {
	Seconds float64        `json:"seconds"` // since the one before, or the beginning
	Bytes   uint64         `json:"bytes"`   // in all
	Of      uint64         `json:"of,omitempty"`
	Unsent  uint64         `json:"unsent,omitempty"`
	Rate    float64        `json:"rate"` // bytes a second
	Links   int            `json:"links"`
	Lost    uint64         `json:"links_lost"`
	Resent  uint64         `json:"resent_bytes,omitempty"`
	Waits   string         `json:"waits_for,omitempty"` // source, links, sink
	Paths   []PathInterval `json:"paths,omitempty"`
}

// PathInterval is the same of a path.
type PathInterval struct {
	Path  string  `json:"path"`
	Order int     `json:"order"`
	State string  `json:"state"` // up: it has links; down; off: its user wants none
	Links int     `json:"links"`
	Lost  uint64  `json:"links_lost"`
	Bytes uint64  `json:"bytes"`
	Rate  float64 `json:"rate"`
	Limit uint64  `json:"limit,omitempty"` // bytes a second
	RTT   float64 `json:"rtt"`             // seconds
}

// stall is a stream that stands still though links are up, or no longer does.
type stall struct {
	Phase   string  `json:"phase"`               // begins, ends
	Waits   string  `json:"waits_for,omitempty"` // source, links, sink
	Seconds float64 `json:"seconds"`             // so far
}

// end is what one end of a stream did.
type end struct {
	Status     int          `json:"status"`
	Meaning    string       `json:"meaning"`
	Reason     string       `json:"reason,omitempty"` // why it failed
	Bytes      uint64       `json:"bytes"`
	Unsent     uint64       `json:"unsent,omitempty"`
	PeerBytes  *uint64      `json:"peer_bytes,omitempty"`
	Difference *int64       `json:"difference,omitempty"` // bytes less those of the peer
	Seconds    float64      `json:"seconds"`
	Rate       float64      `json:"rate"`
	Lost       uint64       `json:"links_lost"`
	Cut        uint64       `json:"links_cut,omitempty"`
	ResentLegs uint64       `json:"resent_legs,omitempty"`
	Resent     uint64       `json:"resent_bytes,omitempty"`
	Refused    uint64       `json:"refused,omitempty"`
	EnginePath string       `json:"engine_path"`
	Sidechain  *Coded       `json:"sidechain,omitempty"`
	Paths      []pathEnd    `json:"paths,omitempty"`
	Bench      *benched     `json:"bench,omitempty"`
	Lanes      *laneFigures `json:"lanes,omitempty"`
}

// benched is what a bench has measured of a stream since the warmup.
type benched struct {
	Round         int    `json:"round"`
	Of            int    `json:"of"`
	Configuration string `json:"configuration"`
	Back          bool   `json:"back,omitempty"` // the stream went from rx to tx, beside another one
	measured
	Peer *measured `json:"peer,omitempty"` // nil: nothing is known
}

// measured are the figures of one end.
type measured struct {
	Bytes       uint64  `json:"bytes"`
	Seconds     float64 `json:"seconds"`
	Rate        float64 `json:"rate"`
	CPU         float64 `json:"cpu_seconds"`
	Retransmits uint64  `json:"retransmits"`
}

// laneFigures are those of all lanes together.
type laneFigures struct {
	Group      string    `json:"group"`
	Sum        float64   `json:"sum"`
	Jain       float64   `json:"jain"`
	Imbalance  float64   `json:"imbalance"`
	Efficiency float64   `json:"efficiency"`
	Lanes      []laneEnd `json:"lanes"`
	Sports     []uint16  `json:"sports"`
}

type laneEnd struct {
	Device string  `json:"device"`
	Flows  int     `json:"flows"`
	Bytes  uint64  `json:"bytes"`
	Rate   float64 `json:"rate"`
	Alone  float64 `json:"alone"`
}

// Coded is what a sidechain did.
type Coded struct {
	Chain  string  `json:"chain"`
	Bytes  uint64  `json:"bytes"`
	Became uint64  `json:"became"`
	CPU    float64 `json:"cpu_seconds"`
}

type pathEnd struct {
	Path    string  `json:"path"`
	Order   int     `json:"order"`
	Lost    uint64  `json:"links_lost"`
	Bytes   uint64  `json:"bytes"`
	Rate    float64 `json:"rate"`
	NeverUp bool    `json:"never_up,omitempty"`
	Reason  string  `json:"reason,omitempty"` // of the last attempt
}

// exit is the last line: the exit status of the program.
type exit struct {
	Status  int    `json:"status"`
	Meaning string `json:"meaning"`
	Reason  string `json:"reason,omitempty"` // where no end of a stream began
}

// missing counts lines that could not be written in time.
type missing struct {
	Lines int `json:"lines"`
}

func (Beginning) event() string { return "start" }
func (contact) event() string   { return "contact" }
func (link) event() string      { return "link" }
func (path) event() string      { return "path" }
func (Outage) event() string    { return "outage" }
func (stranger) event() string  { return "stranger" }
func (compare) event() string   { return "compare" }
func (choice) event() string    { return "choice" }
func (notice) event() string    { return "notice" }
func (Interval) event() string  { return "interval" }
func (stall) event() string     { return "stall" }
func (end) event() string       { return "end" }
func (exit) event() string      { return "exit" }
func (missing) event() string   { return "missing" }
