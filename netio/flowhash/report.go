package flowhash

import (
	"fmt"
)

// NoLane is a lane that was not predicted, or not found.
const NoLane = -1

// Placed is a flow and where it went.
type Placed struct {
	Flow      Flow
	Bytes     uint64
	Predicted int // lane by the formula; NoLane
	Found     int // lane that was measured; NoLane
}

// lane is where the flow counts: where it was found, or else where it should be.
func (p Placed) lane() int {
	if p.Found != NoLane {
		return p.Found
	}
	return p.Predicted
}

// Table is all flows over some lanes.
type Table struct {
	Lanes []string // their names, such as "eth0" or "rx-3", by index
	Flows []Placed
}

// Share is one lane's part of a table.
type Share struct {
	Flows int
	Bytes uint64
}

// Shares gives the part of each lane, and that of flows whose lane is neither predicted nor found, or not in the table.
func (t Table) Shares() (lanes []Share, elsewhere Share) {
	lanes = make([]Share, len(t.Lanes))
	for _, flow := range t.Flows {
		share := &elsewhere
		if lane := flow.lane(); lane >= 0 && lane < len(lanes) {
			share = &lanes[lane]
		}
		share.Flows++
		share.Bytes += flow.Bytes
	}
	return lanes, elsewhere
}

// Agreement counts the flows that have both lanes, and those of them where the two are the same.
func (t Table) Agreement() (agree, both int) {
	for _, flow := range t.Flows {
		if flow.Predicted == NoLane || flow.Found == NoLane {
			continue
		}
		both++
		if flow.Predicted == flow.Found {
			agree++
		}
	}
	return agree, both
}

// Report gives the table in lines for people, without line ends: one for each lane, one for what is elsewhere where there is
// any, and one of figures.
//
//	lane 0 eth0: 4 flows, 1073741824 bytes, 50.0 %
//	lane 1 eth1: 4 flows, 1073741824 bytes, 50.0 %
//	lanes: Jain 1.000, fullest 1.00 of the mean, predicted 8 of 8
func (t Table) Report() []string {
	lanes, elsewhere := t.Shares()
	total := elsewhere.Bytes
	for _, share := range lanes {
		total += share.Bytes
	}
	var lines []string
	values := make([]float64, len(lanes))
	for i, share := range lanes {
		values[i] = float64(share.Bytes)
		lines = append(lines, fmt.Sprintf("lane %d %s: %s", i, t.Lanes[i], share.text(total)))
	}
	if elsewhere.Flows > 0 {
		lines = append(lines, "lane not known: "+elsewhere.text(total))
	}
	return append(lines, t.figures(values))
}

// text gives flows, bytes and their part of all bytes.
func (s Share) text(total uint64) string {
	flows := "flows"
	if s.Flows == 1 {
		flows = "flow"
	}
	percent := 0.0
	if total > 0 {
		percent = 100 * float64(s.Bytes) / float64(total)
	}
	return fmt.Sprintf("%d %s, %d bytes, %.1f %%", s.Flows, flows, s.Bytes, percent)
}

func (t Table) figures(values []float64) string {
	line := fmt.Sprintf("lanes: Jain %.3f, fullest %.2f of the mean", Jain(values), Imbalance(values))
	agree, both := t.Agreement()
	if both == 0 {
		return line + ", none was both predicted and found"
	}
	return line + fmt.Sprintf(", predicted %d of %d", agree, both)
}
