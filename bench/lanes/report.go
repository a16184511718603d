package lanes

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"viamillipede/netio/ethtool"
	"viamillipede/netio/lane"
	"viamillipede/netio/lane/flowhash"
)

// portsMost is the most source ports that are proposed.
const portsMost = 32

// Report is what was measured. Rates are in bytes a second. Rates of lanes come from the devices' own counts, which
// include headers and the traffic of others; goodput is payload alone.
type Report struct {
	To         string   `json:"to"`   // address and port of rx
	From       string   `json:"from"` // address of tx
	Kind       string   `json:"kind"` // of the group: "device", "ecmp", "bond" or "team"
	Group      string   `json:"group"`
	Note       string   `json:"note,omitempty"`
	Lanes      []Lane   `json:"lanes"`
	Flows      []Flow   `json:"flows"`
	Seconds    float64  `json:"seconds"` // for which all flows were counted
	Goodput    float64  `json:"goodput"`
	Sum        float64  `json:"sum"`  // over lanes, of what each can carry
	Jain       float64  `json:"jain"` // of the lanes' bytes
	Imbalance  float64  `json:"imbalance"`
	Efficiency float64  `json:"efficiency"` // the lanes' rates together as a fraction of Sum
	How        string   `json:"how"`        // what the prediction is based on, or why there is none
	Predicted  Tally    `json:"predicted"`  // lanes at tx
	Queues     Tally    `json:"queues"`     // receive queues at rx
	Sports     []uint16 `json:"sports"`     // source ports that fill all lanes evenly
	Short      string   `json:"short,omitempty"`
	Missing    []string `json:"missing,omitempty"`
}

// Tally is how often a prediction was right, among the flows that have one and were found.
type Tally struct {
	Right int `json:"right"`
	Of    int `json:"of"`
}

// Lane is one lane at tx.
type Lane struct {
	Device string  `json:"device"`
	Speed  uint64  `json:"speed"` // of the link, in bits a second; 0 if not known
	Flows  int     `json:"flows"`
	Bytes  uint64  `json:"bytes"` // with all flows at once
	Rate   float64 `json:"rate"`  // likewise
	Alone  float64 `json:"alone"` // with no other lane's flows; 0 if it has no flow itself
}

// Flow is one connection.
type Flow struct {
	Port      uint16   `json:"port"`      // its source port
	Lane      int      `json:"lane"`      // index in Lanes, as found; -1 if not known
	Predicted int      `json:"predicted"` // index in Lanes; -1 if not known
	Bursts    int      `json:"bursts"`    // how many it took to find the lane
	Bytes     uint64   `json:"bytes"`     // payload that rx received, with all flows at once
	Arrival   *Arrival `json:"arrival"`   // at rx; null if rx did not report it
}

// newReport begins the report when the lanes of all flows are known.
func (t *transmitter) newReport() *Report {
	r := &Report{
		To: t.to.String(), From: addressOf(t.control.LocalAddr()).Addr().String(),
		Kind: t.set.Kind.String(), Group: t.Words.Lanes(t.set), How: t.Words.Basis(t.set),
	}
	if t.set.Alike != nil {
		r.Note = t.set.Alike.Error()
	}
	for _, l := range t.set.Lanes {
		link, _ := ethtool.ReadLink(l.Name) // 0 if not known
		r.Lanes = append(r.Lanes, Lane{Device: l.Name, Speed: link.Speed})
	}
	for _, f := range t.flows {
		r.Flows = append(r.Flows, Flow{Port: f.port, Lane: f.lane, Predicted: f.told, Bursts: f.tries})
		if f.lane != flowhash.NoLane {
			r.Lanes[f.lane].Flows++
		}
		r.Predicted.add(f.lane, f.told)
	}
	return r
}

func (t *Tally) add(found, predicted int) {
	if found < 0 || predicted < 0 {
		return
	}
	t.Of++
	if found == predicted {
		t.Right++
	}
}

// finish adds what rx reported and computes the totals.
func (r *Report) finish(t *transmitter, told reply) {
	for i := range told.Flows {
		a := &told.Flows[i]
		if a.Flow < 0 || a.Flow >= len(r.Flows) {
			continue
		}
		r.Flows[a.Flow].Arrival = a
		r.Queues.add(a.Queue, a.Predicted)
	}
	r.Missing = append(t.missing, told.Missing...)
	r.figures()
	r.propose(t.set, t)
}

// figures computes the totals over all lanes. A lane can carry the most it was seen to carry, alone or with the others:
// alone it may carry less, if something else than the lane holds its few flows back. A lane without a flow counts as the
// best other.
func (r *Report) figures() {
	var values []float64
	var best, rates float64
	for _, l := range r.Lanes {
		values = append(values, float64(l.Bytes))
		best = max(best, l.can())
		rates += l.Rate
	}
	for _, l := range r.Lanes {
		if l.Flows == 0 {
			r.Sum += best
			continue
		}
		r.Sum += l.can()
	}
	r.Jain, r.Imbalance = jain(values), imbalance(values)
	if r.Sum > 0 {
		r.Efficiency = rates / r.Sum
	}
}

// can is the most that the lane was seen to carry, in bytes a second.
func (l Lane) can() float64 { return max(l.Alone, l.Rate) }

// propose chooses source ports that fill all lanes: among those that were tried or, if a lane had none and the prediction
// was right, among others.
func (r *Report) propose(set lane.Set, t *transmitter) {
	if len(r.Lanes) < 2 {
		return
	}
	lanes := map[uint16]int{}
	for _, f := range r.Flows {
		if f.Lane != flowhash.NoLane {
			lanes[f.Port] = f.Lane
		}
	}
	least, empty := len(r.Flows), ""
	for _, l := range r.Lanes {
		if least = min(least, l.Flows); l.Flows == 0 {
			empty = l.Device
		}
	}
	each := min(least, max(1, portsMost/len(r.Lanes)))
	if each > 0 {
		choice := flowhash.Choice{Lanes: len(r.Lanes), Flows: each * len(r.Lanes)}
		r.Sports, _ = choice.Observed(lanes) // each lane has enough
		return
	}
	r.Short = "no flow took " + empty
	if r.Predicted.Of == 0 || r.Predicted.Right < r.Predicted.Of {
		return
	}
	ports, err := set.Ports(portsMost/len(r.Lanes)*len(r.Lanes), t.Bind, t.Port)
	if err != nil {
		r.Short += ": " + err.Error()
		return
	}
	r.Sports = ports
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "\t")
	return e.Encode(r)
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("%s from %s to %s: %s", count(len(r.Flows), "flow"), r.From, r.To, r.Group)
	if r.Note != "" {
		say("note: %s", r.Note)
	}
	say("")
	r.writeMap(say)
	say("")
	r.writeLanes(say)
	r.writeFigures(say)
	for _, line := range r.Missing {
		say("missing: %s", line)
	}
	r.writeSports(say)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeMap has a line for each flow.
func (r *Report) writeMap(say func(string, ...any)) {
	for _, i := range r.byLane() {
		say("%s", r.mapLine(r.Flows[i]))
	}
}

// mapLine describes a flow: its port, its lane, where it came in and how much.
func (r *Report) mapLine(f Flow) string {
	line := fmt.Sprintf("flow %5d -> %s", f.Port, r.laneName(f.Lane))
	if f.Predicted != flowhash.NoLane && f.Predicted != f.Lane {
		line += " (predicted " + r.laneName(f.Predicted) + ")"
	}
	return fmt.Sprintf("%s -> %s, %s", line, f.Arrival, amount(float64(f.Bytes)))
}

func (r *Report) laneName(i int) string {
	if i < 0 {
		return "?"
	}
	return r.Lanes[i].Device
}

// String says where a flow came in.
func (a *Arrival) String() string {
	switch {
	case a == nil:
		return "not told"
	case a.Device == "" && a.NAPI != 0:
		return fmt.Sprintf("queue of NAPI id %d, CPU %d", a.NAPI, a.CPU)
	case a.Device == "":
		return fmt.Sprintf("CPU %d", a.CPU)
	}
	text := fmt.Sprintf("%s queue %d", a.Device, a.Queue)
	if a.Queue < 0 {
		text = a.Device + " queue ?"
	}
	if a.Predicted >= 0 && a.Predicted != a.Queue {
		text += fmt.Sprintf(" (predicted %d)", a.Predicted)
	}
	return text + fmt.Sprintf(", CPU %d", a.CPU)
}

func (r *Report) writeLanes(say func(string, ...any)) {
	var total uint64
	for _, l := range r.Lanes {
		total += l.Bytes
	}
	for i, l := range r.Lanes {
		line := fmt.Sprintf("lane %d %s: %s, %s, %.1f %%, %s/s", i, l.Device, count(l.Flows, "flow"),
			amount(float64(l.Bytes)), 100*float64(l.Bytes)/max(float64(total), 1), amount(l.Rate))
		if l.Alone > 0 {
			line += fmt.Sprintf(" of %s/s alone", amount(l.Alone))
		}
		if l.Speed > 0 {
			line += fmt.Sprintf(", its link says %sbit/s", strings.TrimSuffix(amount(float64(l.Speed)), "B"))
		}
		say("%s", line)
	}
}

func (r *Report) writeFigures(say func(string, ...any)) {
	say("all lanes: Jain %.3f, fullest %.2f of the mean, efficiency %.1f %% (payload %s/s over %.1f s; the lanes can carry %s/s)",
		r.Jain, r.Imbalance, 100*r.Efficiency, amount(r.Goodput), r.Seconds, amount(r.Sum))
	switch {
	case len(r.Lanes) == 1:
	case r.Predicted.Of == 0:
		say("lanes: not predicted: %s", r.How)
	default:
		say("lanes: predicted %d of %d: %s", r.Predicted.Right, r.Predicted.Of, r.How)
	}
	if r.Queues.Of > 0 {
		say("queues: predicted %d of %d: Toeplitz, with the card's own key and table", r.Queues.Right, r.Queues.Of)
	}
}

func (r *Report) writeSports(say func(string, ...any)) {
	if r.Short != "" {
		say("%s", r.Short)
	}
	if len(r.Sports) > 0 {
		say("source ports that fill all lanes, from this address to this port of this host:")
		say("sports %s", join(r.Sports))
	}
}

func join(ports []uint16) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strconv.Itoa(int(p))
	}
	return strings.Join(words, ",")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// amount is a number of bytes in decimal units, as link speeds are.
func amount(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if n < 999.5 {
			return fmt.Sprintf("%.3g %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.4g TB", n)
}
