// Package schematest checks lines of JSON against a schema, for tests.
package schematest

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

// Load reads the schema of a package that lies beside this one.
func Load(of string) (*jsonschema.Schema, error) {
	_, here, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", of, "schema.json"))
	if err != nil {
		return nil, err
	}
	var s jsonschema.Schema
	return &s, json.Unmarshal(text, &s)
}

// Lines returns an error for the first line that is not as the schema says, or of which described does not know every field. A schema allows
// those that it does not name; what comes from this program has none.
func Lines(lines []byte, schema *jsonschema.Schema, described func(v map[string]any) error) error {
	resolved, err := schema.Resolve(nil)
	if err != nil {
		return err
	}
	if len(lines) == 0 || lines[len(lines)-1] != '\n' {
		return errors.New("no whole line")
	}
	for line := range bytes.Lines(lines) {
		var v map[string]any
		err := json.Unmarshal(line, &v)
		if err == nil {
			err = resolved.Validate(v)
		}
		if err == nil {
			err = described(v)
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, line)
		}
	}
	return nil
}

// Described returns an error for a field that none of the schemas has.
func Described(fields map[string]any, by ...*jsonschema.Schema) error {
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

// Each calls described with each object of a list; what is no list, or no object, has none.
func Each(list any, described func(fields map[string]any) error) error {
	all, _ := list.([]any)
	for _, one := range all {
		fields, _ := one.(map[string]any)
		if err := described(fields); err != nil {
			return err
		}
	}
	return nil
}
