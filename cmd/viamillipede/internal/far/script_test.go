package far

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What is given to ssh goes through the user's login shell, whichever that is.
func TestScriptsSuitEveryShell(t *testing.T) {
	home := t.TempDir()
	said := filepath.Join(home, "said")
	program := "#!/bin/sh\necho \"$@\" >" + said + "\n"
	if err := os.WriteFile(filepath.Join(home, "viamillipede"), []byte(program), 0o700); err != nil {
		t.Fatal(err)
	}
	digest, size, err := digestOf(strings.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{finding, copying(digest, size)} {
		if inside := strings.TrimSuffix(strings.TrimPrefix(script, "exec sh -c '"), "'"); len(inside) != len(script)-len("exec sh -c ''") ||
			strings.ContainsAny(inside, "'\\!\n") {
			t.Errorf("not one word between single quotes in every shell: %s", script)
		}
		for _, shell := range []string{"sh", "bash", "dash", "busybox", "zsh", "ksh", "csh", "tcsh", "fish"} {
			if _, err := exec.LookPath(shell); err != nil {
				continue
			}
			args := []string{"-c", script}
			if shell == "busybox" {
				args = []string{"sh", "-c", script}
			}
			_ = os.Remove(said)
			cmd := exec.Command(shell, args...)
			cmd.Env = []string{"HOME=" + home, "PATH=" + home + ":" + os.Getenv("PATH")}
			out, err := cmd.CombinedOutput()
			heard, _ := os.ReadFile(said)
			if err != nil || string(out) != "\n"+mark+saysFound+"\n" || string(heard) != Verb+"\n" {
				t.Errorf("%s: %v, %q, and the program %q", shell, err, out, heard)
			}
		}
	}
}

// The copy is whole, or none: then nothing is left.
func TestCopyIsWholeOrNone(t *testing.T) {
	program, broken := "#!/bin/sh\necho \"$0\" \"$@\"\n", "#!/nonexistent/sh\n"
	for name, c := range map[string]struct{ program, sent, want string }{
		"whole":   {program, program, "/viamillipede " + Verb + " " + Copied},
		"short":   {program, program[:len(program)-1], mark + saysSpoilt},
		"none":    {program, "", mark + saysSpoilt},
		"another": {program, strings.ToUpper(program), mark + saysSpoilt},
		"broken":  {broken, broken, mark + saysSpoilt + " it cannot be run"},
	} {
		home, tmp := t.TempDir(), t.TempDir()
		digest, size, err := digestOf(strings.NewReader(c.program))
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sh", "-c", copying(digest, size))
		cmd.Env = []string{"HOME=" + home, "TMPDIR=" + tmp, "PATH=" + os.Getenv("PATH")}
		cmd.Stdin = strings.NewReader(c.sent + "what comes after it")
		if name == "short" || name == "none" {
			cmd.Stdin = strings.NewReader(c.sent)
		}
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), mark+saysWant+" Linux ") || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %s", name, out)
		}
		left, err := filepath.Glob(tmp + "/*/*")
		if err != nil || len(left) > 1 || len(left) == 1 && name != "whole" { // that one removes itself, if it is viamillipede
			t.Errorf("%s: left: %v, %v", name, left, err)
		}
	}
}
