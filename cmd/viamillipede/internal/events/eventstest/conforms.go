// Package eventstest checks lines of events against their schema, for tests.
package eventstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/google/jsonschema-go/jsonschema"
)

// Conforms returns an error for the first line that is not as the schema says, or has a field that the schema does not describe.
func Conforms(lines []byte) error {
	schema, err := load()
	if err != nil {
		return err
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		return err
	}
	if len(lines) == 0 || lines[len(lines)-1] != '\n' {
		return errors.New("no whole line")
	}
	for line := range bytes.Lines(lines) {
		var v map[string]any
		if err := json.Unmarshal(line, &v); err != nil {
			return fmt.Errorf("%w: %s", err, line)
		}
		if err := resolved.Validate(v); err != nil {
			return fmt.Errorf("%w: %s", err, line)
		}
		if err := described(schema, v); err != nil {
			return fmt.Errorf("%w: %s", err, line)
		}
	}
	return nil
}

// described returns an error for a field that the schema does not have.
func described(schema *jsonschema.Schema, v map[string]any) error {
	event, _ := v["event"].(string)
	def := schema.Defs[event]
	if def == nil {
		return fmt.Errorf("no event %q in the schema", event)
	}
	for name, value := range v {
		field := def.Properties[name]
		if schema.Properties[name] == nil && field == nil {
			return fmt.Errorf("%s: no field %q in the schema", event, name)
		}
		list, _ := value.([]any)
		for _, each := range list {
			fields, _ := each.(map[string]any)
			for inner := range fields {
				if field.Items.Properties[inner] == nil {
					return fmt.Errorf("%s: no field %s.%s in the schema", event, name, inner)
				}
			}
		}
	}
	return nil
}

// load reads the schema, which lies beside the package of events.
func load() (*jsonschema.Schema, error) {
	_, here, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "schema.json"))
	if err != nil {
		return nil, err
	}
	var s jsonschema.Schema
	return &s, json.Unmarshal(text, &s)
}
