// Package record is what tools/figures found, as written for other programs (-json FILE).
package record

import (
	"encoding/json"
	"os"
	"slices"
)

// Record is one run.
type Record struct {
	Header string   // the machine, the programs and their commands: a list in Markdown
	Table  string   // a Markdown table with a row for each case
	Goals  string   // a Markdown table of what should be reached, and what was
	Lost   []string // a line for each lost case
	Rows   []Row
}

// Row has the figures of one case, one for each successful round.
type Row struct {
	Name, Unit string
	Ours       bool      // viamillipede, not what it is compared with
	Values     []float64 // in Unit
	TX, RX     []float64 // CPU s/GiB of both ends; empty if not known
	Machine    []float64 // likewise, of all that ran meanwhile
}

// Row finds a row with figures.
func (r Record) Row(name string) (Row, bool) {
	i := slices.IndexFunc(r.Rows, func(row Row) bool { return row.Name == name && len(row.Values) > 0 })
	if i < 0 {
		return Row{}, false
	}
	return r.Rows[i], true
}

// Write writes a record to a file.
func (r Record) Write(name string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

// Read is the opposite of Write.
func Read(name string) (Record, error) {
	var r Record
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}
