package logs

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"viamillipede/cmd/viamillipede/internal/voice"
	"viamillipede/engine/observe"
)

// patience bounds what ought to take no time.
const patience = 20 * time.Second

func book() (*Book, *bytes.Buffer) {
	var b bytes.Buffer
	return NewBook(voice.New(&b, "p: "), "p"), &b
}

func TestForms(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"plain":  {Options{}, `^p: one\np tx: two\nthree\n$`},
		"stamps": {Options{Stamps: true}, `^20\S+T\S+ p: one\n20\S+T\S+ p tx: two\n20\S+T\S+ three\n$`},
		"JSON": {Options{JSON: true}, `^\{"time":"20\S+","priority":"notice","text":"one"\}\n` +
			`\{"time":"20\S+","priority":"warning","side":"tx","text":"two"\}\n\{"time":"20\S+","priority":"warning","text":"three"\}\n$`},
	} {
		b, out := book()
		if _, err := b.Set(c.o); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Write([]byte("p: one\n")); err != nil {
			t.Fatal(err)
		}
		b.SayAt(observe.LevelError, "p tx: two\nthree\n")
		b.Flush(patience)
		if !regexp.MustCompile(c.want).MatchString(out.String()) {
			t.Errorf("%s: %q, want %q", name, out, c.want)
		}
	}
}

// TestFile: a file is appended to, and standard error gets no less.
func TestFile(t *testing.T) {
	b, out := book()
	name := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(name, []byte("before\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Set(Options{File: name}); err != nil {
		t.Fatal(err)
	}
	b.Say(Error, "p: one\n")
	b.Flush(patience)
	text, err := os.ReadFile(name)
	if want := `^before\n20\S+T\S+ p: one\n$`; err != nil || !regexp.MustCompile(want).Match(text) {
		t.Errorf("%q, want %q (%v)", text, want, err)
	}
	if got := out.String(); got != "p: one\n" {
		t.Errorf("standard error got %q", got)
	}
	if _, err := b.Set(Options{File: t.TempDir()}); err == nil {
		t.Error("a folder can be written")
	}
}

// TestFIFO: a FIFO is not waited for, whether it has a reader yet or not.
func TestFIFO(t *testing.T) {
	b, _ := book()
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	set := make(chan error, 1)
	go func() { _, err := b.Set(Options{File: name}); set <- err }()
	select {
	case err := <-set:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("it waits for a reader")
	}
	b.Say(Error, "p: one\n")
	reader, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if line, err := bufio.NewReader(reader).ReadString('\n'); err != nil || !strings.HasSuffix(line, " p: one\n") {
		t.Errorf("%q, %v", line, err)
	}
}

// TestJournal: the journal gets fields, also one that was started again meanwhile.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	if journalAt(path) != nil {
		t.Fatal("there is a journal without a socket")
	}
	for i, want := range []string{
		"MESSAGE=one\nPRIORITY=3\nSYSLOG_IDENTIFIER=viamillipede\nVIAMILLIPEDE_STREAM=3\nVIAMILLIPEDE_SIDE=tx\n",
		"MESSAGE\n\x03\x00\x00\x00\x00\x00\x00\x00a\nb\nPRIORITY=6\nSYSLOG_IDENTIFIER=viamillipede\n",
	} {
		taker, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
		if err != nil {
			t.Fatal(err)
		}
		j := journalAt(path)
		j.send([]entry{{Error, about{"3", "tx"}, "one"}, {Info, about{}, "a\nb"}}[i])
		j.flush(patience)
		if got := take(t, taker); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		taker.Close()
		os.Remove(path)
		if taker, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path}); err != nil {
			t.Fatal(err)
		}
		j.send(entry{Info, about{}, "again"})
		j.flush(patience)
		if got := take(t, taker); !strings.HasPrefix(got, "MESSAGE=again\n") {
			t.Errorf("%q after it was started again", got)
		}
		taker.Close()
		os.Remove(path)
	}
}

// take reads a datagram.
func take(t *testing.T, from *net.UnixConn) string {
	t.Helper()
	if err := from.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1000)
	n, err := from.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// TestStuckJournal: a journal that takes nothing keeps nobody.
func TestStuckJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	taker, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	defer taker.Close()
	j := journalAt(path)
	for range 100 * journalWaits {
		j.send(entry{Info, about{}, "line"})
	}
	j.flush(time.Millisecond)
}

func TestSplit(t *testing.T) {
	for line, want := range map[string][3]string{
		"p: text: more":          {"", "", "text: more"},
		"p tx: text":             {"", "tx", "text"},
		"p stream 3: text":       {"3", "", "text"},
		"p stream 3 rx: text":    {"3", "rx", "text"},
		"p other: text":          {"", "", "p other: text"},
		"pp: text":               {"", "", "pp: text"},
		"goroutine 1 [running]:": {"", "", "goroutine 1 [running]:"},
		"":                       {"", "", ""},
	} {
		if a, text := split("p", line); [3]string{a.Stream, a.Side, text} != want {
			t.Errorf("%q is %+v, %q", line, a, text)
		}
	}
}
