// Package controltest checks answers of control against their schema, for tests.
package controltest

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

// Conforms returns an error for the first line that is not as the schema says, or has a field that neither it nor that of the events describes.
func Conforms(lines []byte) error {
	schema, err := load("schema.json")
	if err != nil {
		return err
	}
	events, err := load("../events/schema.json")
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
		answer, _ := v["answer"].(string)
		def := schema.Defs[answer]
		if def == nil {
			return fmt.Errorf("no answer %q in the schema", answer)
		}
		if err := described(v, schema, def, events.Defs["start"]); err != nil {
			return fmt.Errorf("%w: %s", err, line)
		}
		ends, _ := v["ends"].([]any)
		for _, e := range ends {
			fields, _ := e.(map[string]any)
			if err := described(fields, def.Properties["ends"].Items, events.Defs["interval"]); err != nil {
				return fmt.Errorf("%w: %s", err, line)
			}
		}
	}
	return nil
}

// described returns an error for a field that none of the schemas has.
func described(fields map[string]any, by ...*jsonschema.Schema) error {
next:
	for name := range fields {
		for _, s := range by {
			if s.Properties[name] != nil {
				continue next
			}
		}
		return fmt.Errorf("no field %q in the schema", name)
	}
	return nil
}

// load reads a schema, which lies beside the package of control.
func load(name string) (*jsonschema.Schema, error) {
	_, here, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", name))
	if err != nil {
		return nil, err
	}
	var s jsonschema.Schema
	return &s, json.Unmarshal(text, &s)
}
