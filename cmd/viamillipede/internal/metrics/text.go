package metrics

import (
	"fmt"
	"strconv"
	"strings"
)

// ContentType is that of the text format.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// family is a metric with its samples.
type family struct {
	name, kind, help string // kind: counter or gauge
	samples          []sample
}

// sample is a value and its labels: names and values in turn.
type sample struct {
	labels []string
	value  float64
}

// add adds a sample.
func (f *family) add(value float64, labels ...string) {
	f.samples = append(f.samples, sample{labels, value})
}

// text is the families that have samples, in the text format.
func text(families []*family) string {
	var b strings.Builder
	for _, f := range families {
		if len(f.samples) == 0 {
			continue
		}
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
		for _, s := range f.samples {
			b.WriteString(f.name)
			for i := 0; i < len(s.labels); i += 2 {
				b.WriteByte("{,"[min(i, 1)])
				fmt.Fprintf(&b, `%s="%s"`, s.labels[i], escape.Replace(s.labels[i+1]))
			}
			if len(s.labels) > 0 {
				b.WriteByte('}')
			}
			b.WriteByte(' ')
			b.WriteString(strconv.FormatFloat(s.value, 'g', -1, 64))
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// escape is what a label's value cannot have as it is.
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
