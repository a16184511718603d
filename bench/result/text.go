package result

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// The text form is the Go benchmark format (https://golang.org/design/14313-benchmark-format):
//
//	program: viamillipede v1.2, wire version 2
//	time: 2026-11-25T15:04:05Z
//	bytes: 2147483648                           a setting
//	setting/L3%20cache: 32M                     one whose name is none of the format's
//	host/tx/cpus: 2                             of the host of an end
//	host/tx/fact/mtu: 9000
//	                                            an empty line ends the settings
//	attempt: 2                                  for the results from here on
//	BenchmarkStream/threads=16/io=auto-2 1 3150.5 MB/s 0.08 tx-cpu-s/GiB
//
// In the output of other programs the settings end at the first result if no empty line comes before it. Values are on
// one line, without surrounding space; an empty value means that there is none.

// Keys that are not settings.
const (
	keyProgram = "program"
	keyTime    = "time"
	ofSetting  = "setting/"
	ofHost     = "host/"
	ofFact     = "fact/"
)

// WriteText writes the file in the Go benchmark format. Errors: a name or a value that no reader would accept; an error
// of w.
func (f File) WriteText(w io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	out := bufio.NewWriter(w) // it keeps the first error for Flush
	writeKey(out, keyProgram, f.Program)
	writeKey(out, keyTime, f.Time)
	writeKeys(out, settingKeys(f.Settings))
	for _, end := range slices.Sorted(maps.Keys(f.Hosts)) {
		writeKeys(out, hostKeys(end, f.Hosts[end]))
	}
	fmt.Fprintln(out)
	held := map[string]string{} // the configuration that results from the lines written so far
	for _, r := range f.Results {
		writeChange(out, f.Settings, held, r.Config)
		held = r.Config
		fmt.Fprintf(out, "Benchmark%s 1", r.Name)
		for _, unit := range slices.Sorted(maps.Keys(r.Values)) {
			fmt.Fprintf(out, " %s %s", strconv.FormatFloat(r.Values[unit], 'g', -1, 64), unit)
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

// writeChange writes the lines that lead from the configuration of one result to that of the next.
func writeChange(w io.Writer, settings, from, to map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if _, stays := to[name]; !stays {
			writeTurn(w, name, settings[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(to)) {
		if was, had := from[name]; !had || was != to[name] {
			writeTurn(w, name, to[name])
		}
	}
}

// writeTurn writes the value of a setting from here on; an empty value removes it.
func writeTurn(w io.Writer, name, value string) {
	fmt.Fprintln(w, strings.TrimSpace(settingKey(name)+": "+oneLine(value)))
}

// writeKeys writes the lines of a block, sorted.
func writeKeys(w io.Writer, block map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(block)) {
		writeKey(w, key, block[key])
	}
}

func writeKey(w io.Writer, key, value string) {
	if value = oneLine(value); value != "" {
		fmt.Fprintf(w, "%s: %s\n", key, value)
	}
}

// oneLine makes a value fit on a line.
func oneLine(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", " ", "\n", " ").Replace(s))
}

// settingKeys are the settings by the keys of the format.
func settingKeys(settings map[string]string) map[string]string {
	keys := map[string]string{}
	for name, value := range settings {
		keys[settingKey(name)] = value
	}
	return keys
}

// settingKey is the key of a setting: its name if that is not the key of something else, otherwise an escaped one.
func settingKey(name string) string {
	if name == keyProgram || name == keyTime || name == "" || name[0] < 'a' || name[0] > 'z' || escape(name) != name {
		return ofSetting + escape(name)
	}
	return name
}

// parseText reads the Go benchmark format. A line that begins like a result but is not one is an error.
func parseText(text []byte) (File, error) {
	settings, err := settingsOf(text)
	if err != nil {
		return File{}, err
	}
	var f File
	err = eachResult(text, func(b *benchfmt.Result) error {
		r, err := resultOf(b, settings)
		f.Results = append(f.Results, r)
		return err
	})
	if err != nil {
		return File{}, err
	}
	return f, f.settle(settings)
}

// settingsOf returns the keys of the settings with their values.
func settingsOf(text []byte) (map[string]string, error) {
	var head bytes.Buffer
	for line := range bytes.Lines(text) {
		if len(bytes.TrimSpace(line)) == 0 || bytes.HasPrefix(line, []byte("Benchmark")) {
			break
		}
		head.Write(line)
	}
	head.WriteString("\nBenchmarkEnd 1 0 x\n") // the reader reports keys only along with a result
	settings := map[string]string{}
	err := eachResult(head.Bytes(), func(b *benchfmt.Result) error {
		settings = configOf(b)
		return nil
	})
	return settings, err
}

// eachResult passes the results to take one by one; each is valid until the next.
func eachResult(text []byte, take func(*benchfmt.Result) error) error {
	r := benchfmt.NewReader(bytes.NewReader(text), "")
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.SyntaxError:
			return fmt.Errorf("line %d: %s", rec.Line, rec.Msg)
		case *benchfmt.Result:
			if err := take(rec); err != nil {
				return err
			}
		}
	}
	return r.Err()
}

// configOf returns the keys that apply to a result.
func configOf(b *benchfmt.Result) map[string]string {
	all := map[string]string{}
	for _, c := range b.Config {
		if value := oneLine(string(c.Value)); value != "" {
			all[c.Key] = value
		}
	}
	return all
}

// resultOf makes a result from a line and the keys before it, as far as they differ from the settings.
func resultOf(b *benchfmt.Result, settings map[string]string) (Result, error) {
	r := Result{Name: b.Name.String(), Values: map[string]float64{}}
	set := func(key, value string) error {
		name, err := settingName(key)
		if r.Config == nil {
			r.Config = map[string]string{}
		}
		r.Config[name] = value
		return err
	}
	held := configOf(b)
	for key, value := range held {
		if settings[key] != value {
			if err := set(key, value); err != nil {
				return r, err
			}
		}
	}
	for key := range settings {
		if _, ok := held[key]; !ok {
			if err := set(key, ""); err != nil {
				return r, err
			}
		}
	}
	for _, v := range b.Values {
		value, unit := v.Value, v.Unit
		if v.OrigUnit != "" { // the reader turns MB/s into B/s
			value, unit = v.OrigValue, v.OrigUnit
		}
		if _, twice := r.Values[unit]; twice {
			return r, fmt.Errorf("%s has two values of %s", r.Name, unit)
		}
		r.Values[unit] = value
	}
	return r, nil
}

// settingName is the reverse of settingKey. A key that was not escaped stays as it is.
func settingName(key string) (string, error) {
	if name, ok := strings.CutPrefix(key, ofSetting); ok {
		return unescape(name)
	}
	return key, nil
}

// settle sorts the keys of the settings into their fields.
func (f *File) settle(keys map[string]string) error {
	f.Program, f.Time = keys[keyProgram], keys[keyTime]
	for key, value := range keys {
		if key == keyProgram || key == keyTime {
			continue
		}
		if rest, ok := strings.CutPrefix(key, ofHost); ok {
			ok, err := f.setHost(rest, value)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			if ok {
				continue
			}
		}
		name, err := settingName(key)
		if err != nil {
			return err
		}
		if f.Settings == nil {
			f.Settings = map[string]string{}
		}
		f.Settings[name] = value
	}
	return nil
}
