package filter

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"viamillipede/engine/sidechain"
)

// soon bounds waits, in tests that do not hang.
const soon = 30 * time.Second

// parentOf makes this binary a process that runs a filter, which a test can kill.
const parentOf = "VIAMILLIPEDE_TEST_FILTER"

func TestMain(m *testing.M) {
	if command := os.Getenv(parentOf); command != "" {
		os.Unsetenv(parentOf)
		f := New(command, 2, 0, func(string) {})
		_, _ = f.Run(make([]byte, 100), []byte("piece"))
		return
	}
	os.Exit(m.Run())
}

// filter is one that ends with the test.
func filter(t *testing.T, command string, limit time.Duration) (f *Filter, said *strings.Builder) {
	t.Helper()
	said = &strings.Builder{}
	var mu sync.Mutex
	f = New(command, 2, limit, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		said.WriteString(line)
	})
	t.Cleanup(f.End)
	return f, said
}

// Each piece has a process of its own, many at the same time, and each gets all of its bytes back.
func TestFilter(t *testing.T) {
	f, _ := filter(t, "tr a-z A-Z", soon)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 5 {
				src := bytes.Repeat([]byte("piece"), 1+i*n*20000)
				dst := make([]byte, len(src)+1)
				n, err := f.Run(dst, src)
				if err != nil || !bytes.Equal(dst[:n], bytes.ToUpper(src)) {
					t.Errorf("%d bytes of %d: %v", n, len(src), err)
				}
			}
		})
	}
	all.Wait()
	if f.Spent() <= 0 {
		t.Error("it has used no CPU time")
	}
}

// What is wrong with a process is told, with its own words; what one that succeeds says is passed on.
func TestFilterFails(t *testing.T) {
	for command, want := range map[string]string{
		"cat; echo 'no luck' >&2; exit 3": "exited with status 3: no luck",
		"kill -TERM $$":                   "was ended by signal 15",
		"/nosuch/program":                 "status 127",
	} {
		f, _ := filter(t, command, soon)
		if _, err := f.Run(make([]byte, 100), []byte("piece")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", command, err, want)
		}
	}
	f, said := filter(t, "cat; echo all well >&2", soon)
	if n, err := f.Run(make([]byte, 100), []byte("piece")); n != 5 || err != nil || !strings.Contains(said.String(), "all well") {
		t.Errorf("%d bytes, %v; it said %q", n, err, said)
	}
}

// A command that needs a shell has one, and another does without.
func TestFilterShell(t *testing.T) {
	for command, shell := range map[string]bool{
		"cat": false, "tr a-z A-Z": false, "cat | cat": true, "FOO=x cat": true, "cat $HOME": true, "nosuchprogram -x": true, "cat 'a b'": true, "exit 3": true,
	} {
		if got := commandOf(command).Args[0] == "/bin/sh"; got != shell {
			t.Errorf("%s: a shell runs it: %v, want %v", command, got, shell)
		}
	}
}

// A process that writes more than there is room for is ended, with what it has started.
func TestFilterFull(t *testing.T) {
	f, _ := filter(t, "yes | cat; true", soon)
	if _, err := f.Run(make([]byte, 100), []byte("piece")); !errors.Is(err, sidechain.ErrRoom) {
		t.Error(err)
	}
}

// A process that hangs, or leaves somebody behind who has its pipes, is ended in time; one that needs no input is not.
func TestFilterLate(t *testing.T) {
	for _, command := range []string{"sleep 1000", "sleep 1000 & cat", "sleep 1000; true"} {
		f, _ := filter(t, command, 100*time.Millisecond)
		if _, err := f.Run(make([]byte, 100), []byte("piece")); err == nil || !strings.Contains(err.Error(), "takes longer than 100ms") {
			t.Errorf("%s: %v", command, err)
		}
	}
	f, _ := filter(t, "echo hello", soon)
	dst := make([]byte, 100)
	if n, err := f.Run(dst, make([]byte, 1<<20)); err != nil || string(dst[:n]) != "hello\n" {
		t.Errorf("%q, %v", dst[:n], err)
	}
}

// A process of which something has left the group, and holds its pipes, neither lasts longer than its limit nor than the filter.
func TestFilterLeft(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip(err)
	}
	life := filepath.Join(t.TempDir(), "life") // what has left ends when nobody has it open for writing
	if err := syscall.Mkfifo(life, 0o600); err != nil {
		t.Fatal(err)
	}
	hold, err := os.OpenFile(life, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	for _, c := range []struct {
		command string
		limit   time.Duration
		says    string
	}{
		{"setsid cat " + life + " & cat", 100 * time.Millisecond, "takes longer than 100ms"},
		{"setsid cat " + life + " >/dev/null & cat", 100 * time.Millisecond, "takes longer than 100ms"},
		{"exec setsid cat " + life, 100 * time.Millisecond, "takes longer than 100ms"},
		{"setsid cat " + life + " & cat", 0, ""},
		{"exec setsid cat " + life, 0, ""},
	} {
		f, _ := filter(t, c.command, c.limit)
		over := make(chan error, 1)
		go func() {
			_, err := f.Run(make([]byte, 100), []byte("piece"))
			over <- err
		}()
		if c.limit == 0 {
			f.End()
		}
		select {
		case err := <-over:
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, limit %v: %v", c.command, c.limit, err)
			}
		case <-time.After(soon):
			t.Fatalf("%s, limit %v: it goes on", c.command, c.limit)
		}
	}
}

// Whatever time goes by between two ticks of the limit, when viamillipede was stopped, is one of its parts and not all.
func TestFilterStopped(t *testing.T) {
	f, _ := filter(t, "cat", soon)
	p, err := f.start()
	if err != nil {
		t.Fatal(err)
	}
	ticks, done, over := make(chan time.Time), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		f.guard(p, ticks, done)
	}()
	for range limitTicks - 1 {
		ticks <- time.Time{}
	}
	close(done)
	<-over
	dst := make([]byte, 100)
	if n, _, err := p.run(dst, []byte("piece")); err != nil || string(dst[:n]) != "piece" {
		t.Errorf("%q, %v", dst[:n], err)
	}
}

// Once it has been ended nothing runs, whatever it was at.
func TestFilterEnds(t *testing.T) {
	f, _ := filter(t, "sleep 1000", 0)
	over := make(chan error, 1)
	go func() {
		_, err := f.Run(make([]byte, 100), []byte("piece"))
		over <- err
	}()
	for end := time.Now().Add(soon); len(f.ahead) == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	f.End()
	select {
	case err := <-over:
		if err == nil {
			t.Error("it succeeds")
		}
	case <-time.After(soon):
		t.Fatal("it goes on")
	}
	if _, err := f.Run(make([]byte, 100), []byte("piece")); err == nil {
		t.Error("it runs again")
	}
}

// Nothing is left when the process that runs it is killed.
func TestFilterDiesWithItsParent(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	parent := exec.Command("/proc/self/exe")
	parent.Env = append(os.Environ(), parentOf+"=echo $$ >>"+pids+"; sleep 1000; true")
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var running []string
	for end := time.Now().Add(soon); len(running) < 2 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		b, _ := os.ReadFile(pids)
		running = strings.Fields(string(b))
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	if len(running) < 2 {
		t.Fatalf("processes %v run, want two or more", running)
	}
	for _, word := range running {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		gone := false
		for end := time.Now().Add(soon); !gone && time.Now().Before(end); time.Sleep(time.Millisecond) {
			stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
			gone = err != nil || strings.Contains(string(stat), ") Z ")
		}
		if !gone {
			t.Errorf("process %d lives on", pid)
		}
	}
}
