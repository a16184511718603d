package main

import (
	"context"
	"encoding/json"
	"os"
)

// bom writes the bill of materials of the program: what is linked, with licences, as CycloneDX has it. The tool dates it now and draws a
// serial number; neither is left.
func (r release) bom(ctx context.Context, tool, program, to string) error {
	err := r.runs(ctx, nil, tool, "bin", "-json", "-licenses", "-std", "-noserial", "-version", r.version, "-output", to, program)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(to)
	if err != nil {
		return err
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	if about, ok := all["metadata"].(map[string]any); ok {
		about["timestamp"] = r.date.Format("2006-01-02T15:04:05Z")
	}
	if text, err = json.MarshalIndent(all, "", "  "); err != nil { // maps are written in the order of their keys
		return err
	}
	return os.WriteFile(to, append(text, '\n'), 0o644)
}
