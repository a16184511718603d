// Package controltest checks answers of control against their schema, for tests.
package controltest

import (
	"fmt"

	"viamillipede/cmd/viamillipede/internal/schematest"
)

// Conforms returns an error for the first line that is not as the schema says, or has a field that neither it nor that of the events describes.
func Conforms(lines []byte) error {
	schema, err := schematest.Load("control")
	if err != nil {
		return err
	}
	events, err := schematest.Load("events")
	if err != nil {
		return err
	}
	return schematest.Lines(lines, schema, func(v map[string]any) error {
		answer, _ := v["answer"].(string)
		def := schema.Defs[answer]
		if def == nil {
			return fmt.Errorf("no answer %q in the schema", answer)
		}
		if err := schematest.Described(v, schema, def, events.Defs["start"]); err != nil {
			return err
		}
		return schematest.Each(v["ends"], func(end map[string]any) error {
			return schematest.Described(end, def.Properties["ends"].Items, events.Defs["interval"])
		})
	})
}
