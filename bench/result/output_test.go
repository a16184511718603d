package result

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// content is what a file has, and "" where it is not there. Nothing else may be in its folder.
func content(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	want := 1
	if err != nil {
		want = 0
	}
	if all, _ := os.ReadDir(filepath.Dir(name)); len(all) != want {
		t.Errorf("%d files in the folder: %v", len(all), all)
	}
	return string(b)
}

func TestOutput(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	o, err := Create(name)
	if err != nil {
		t.Fatal(err)
	}
	o.Discard()
	if got := content(t, name); got != "" {
		t.Errorf("a measurement that failed leaves %q", got)
	}
	for _, s := range []string{"first", "2nd"} {
		if o, err = Create(name); err != nil {
			t.Fatal(err)
		}
		if err := o.Write(text(s)); err != nil {
			t.Fatal(err)
		}
		o.Discard()
		if got := content(t, name); got != s {
			t.Errorf("got %q, want %q", got, s)
		}
	}
	if o, err = Create(name); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := o.Write(func(io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	if got := content(t, name); got != "2nd" {
		t.Errorf("a file that could not be written has replaced that of before: %q", got)
	}
}

// TestOutputTouchesNothingElse has a file of somebody else with the name that a measurement would use for its own.
func TestOutputTouchesNothingElse(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(name+".part", []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	first, err := Create(name)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(second.Write(text("second")), first.Write(text("first"))); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{name: "first", name + ".part": "theirs"} {
		if got, err := os.ReadFile(name); string(got) != want {
			t.Errorf("%s has %q, want %q: %v", filepath.Base(name), got, want, err)
		}
	}
}

func TestOutputThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{dir, filepath.Join(dir, "none", "out")} {
		if o, err := Create(name); err == nil {
			o.Discard()
			t.Errorf("%s was opened", name)
		}
	}
	if o, err := Create(""); o != nil || err != nil {
		t.Error("no name, and an output")
	}
	if o, err := Create(os.DevNull); err != nil || o.Write(text("x")) != nil {
		t.Errorf("the null device: %v", err)
	}
}
