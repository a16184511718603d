// Package eventstest checks lines of events against their schema, for tests.
package eventstest

import (
	"fmt"

	"viamillipede/cmd/viamillipede/internal/schematest"
)

// Conforms returns an error for the first line that is not as the schema says, or has a field that the schema does not describe.
func Conforms(lines []byte) error {
	schema, err := schematest.Load("events")
	if err != nil {
		return err
	}
	return schematest.Lines(lines, schema, func(v map[string]any) error {
		event, _ := v["event"].(string)
		def := schema.Defs[event]
		if def == nil {
			return fmt.Errorf("no event %q in the schema", event)
		}
		if err := schematest.Described(v, schema, def); err != nil {
			return fmt.Errorf("%s: %w", event, err)
		}
		for name, value := range v {
			err := schematest.Each(value, func(fields map[string]any) error { return schematest.Described(fields, def.Properties[name].Items) })
			if err != nil {
				return fmt.Errorf("%s: %s: %w", event, name, err)
			}
		}
		return nil
	})
}
