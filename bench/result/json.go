package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// WriteJSON writes the file as one JSON object with the names given in the types. Errors: a name or a value that no
// reader would accept; an error of w.
func (f File) WriteJSON(w io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.Results == nil {
		f.Results = []Result{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(f)
}

// parseJSON reads what WriteJSON writes. It ignores fields that it does not know.
func parseJSON(text []byte) (File, error) {
	var f File
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&f); err != nil {
		return File{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return File{}, fmt.Errorf("more after the end of the JSON object")
	}
	return f, nil
}
