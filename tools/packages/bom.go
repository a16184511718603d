package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
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
	parts, _ := all["components"].([]any)
	for _, part := range parts {
		if c, ok := part.(map[string]any); ok {
			correct(c)
		}
	}
	if text, err = json.MarshalIndent(all, "", "  "); err != nil { // maps are written in the order of their keys
		return err
	}
	return os.WriteFile(to, append(text, '\n'), 0o644)
}

// correct names the licence of what the Go project has: the tool takes it for another of the same family, or for none.
func correct(component map[string]any) {
	name, _ := component["name"].(string)
	if name != "std" && !strings.HasPrefix(name, "golang.org/x/") {
		return
	}
	licence := map[string]any{"license": map[string]any{"id": "BSD-3-Clause"}}
	component["evidence"] = map[string]any{"licenses": []any{licence}}
}
