package control

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"viamillipede/cmd/viamillipede/internal/control/controltest"
	"viamillipede/cmd/viamillipede/internal/events"
)

// patience bounds every wait: far longer than any of them takes.
const patience = 30 * time.Second

// fake is a program that can be asked.
type fake struct {
	mu      sync.Mutex
	stopped int
	hold    chan struct{} // Status waits for it; nil: it does not wait
}

func (f *fake) Status(r Request) *Status {
	if f.hold != nil {
		<-f.hold
	}
	s := NewStatus()
	s.Kind, s.Beginning = "stream", events.Begin(events.Program{Version: "1.0", Wire: 2}, []events.Setting{{Word: "tx", Args: []string{"host1"}, Given: true}})
	order := 0
	s.Ends = append(s.Ends, End{
		Side: "tx", Number: 3, State: "outage", Left: 1, Still: 2, Comparing: &Comparing{1, 2}, Window: &Window{}, Ring: &Ring{}, Outages: 1, Tunable: &Tunable{Giveup: 1, Limit: 1, Threads: 1, ThreadsMost: 1, Spill: []float64{-1}},
		Outage: &events.Outage{}, Sidechain: &events.Coded{}, Each: []Link{{Order: &order, State: "up"}},
		Interval: events.Interval{Of: 1, Unsent: 1, Resent: 1, Waits: "sink", Paths: []events.PathInterval{{State: "up"}}},
	})
	if r.Text {
		s.Text = "text"
	}
	return s
}

func (f *fake) Set(words []string) ([]Change, error) {
	if len(words) == 0 {
		return nil, errors.New("expected a word")
	}
	return []Change{{Side: "tx", Number: 3, Word: words[0], Path: "host1:8834", Was: "1", Is: "2"}}, nil
}

func (f *fake) Stop() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped++
	return nil
}

// serve lets a fake be asked, and returns where.
func serve(t *testing.T, f *fake) (*Server, Place) {
	t.Helper()
	p := Place{Path: filepath.Join(t.TempDir(), "s")}
	s, err := Listen(p.Path, f)
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func dial(t *testing.T, p Place) *Client {
	t.Helper()
	c, err := Dial(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestAnswers: a client asks one thing after another, and all answers conform to the schema.
func TestAnswers(t *testing.T) {
	s, p := serve(t, &fake{})
	if st, err := os.Stat(p.Path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", st, err)
	}
	c := dial(t, p)
	status, err := c.Status(Request{Text: true})
	if err != nil || status.Text != "text" || status.PID != os.Getpid() || len(status.Ends) != 1 || status.Ends[0].Window == nil {
		t.Errorf("%+v, %v", status, err)
	}
	changes, err := c.Set("rate", "50M")
	if err != nil || len(changes) != 1 || changes[0].Word != "rate" {
		t.Errorf("%+v, %v", changes, err)
	}
	var refused *Error
	if _, err := c.Set(); !errors.As(err, &refused) || refused.Text != "expected a word" {
		t.Errorf("%v", err)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	go s.Close(143, "stopped", patience)
	if end, err := c.Await(patience); err != nil || end.Status != 143 || end.Meaning != "stopped" {
		t.Errorf("%+v, %v", end, err)
	}
	s.all.Wait()
	if _, err := os.Lstat(p.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
	var lines bytes.Buffer
	lines.WriteString(status.Line())
	for _, a := range []any{NewSet(changes), &Stopping{isStopping}, &Exit{isExit, 1, "why"}, NewError(refused)} {
		line, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	if err := controltest.Conforms(lines.Bytes()); err != nil {
		t.Error(err)
	}
}

// TestBadRequests: what cannot be understood is answered by an error, what is too long ends the client, and neither costs others anything.
func TestBadRequests(t *testing.T) {
	s, p := serve(t, &fake{})
	defer s.Close(0, "", patience)
	for text, want := range map[string]string{
		"\n":                       "no JSON object",
		"{}\n":                     "of version 0, expected 1",
		`{"v":1,"ask":"x"}` + "\n": "expected status, set or stop",
		"[1]\n":                    "no JSON object",
		`{"v":1,"ask":"set","words":["a\u0000b"]}` + "\n":                          "a NUL",
		`{"v":1,"ask":"set","words":["` + strings.Repeat(`","`, 20) + `"]}` + "\n": "more than 16 words",
		strings.Repeat("x", RequestMost+1):                                         "too long",
	} {
		conn, err := net.Dial("unix", p.Path)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(conn, text); err != nil {
			t.Errorf("%.40q: %v", text, err)
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.Contains(line, want) || !strings.Contains(line, `"answer":"error"`) {
			t.Errorf("%.40q: %q, %v, want %q", text, line, err, want)
		}
		conn.Close()
	}
	if _, err := dial(t, p).Status(Request{}); err != nil {
		t.Error(err)
	}
}

// TestEndWithClients: the end of the program waits for no client, whatever that is doing.
func TestEndWithClients(t *testing.T) {
	f := &fake{hold: make(chan struct{})}
	s, p := serve(t, f)
	quiet, asking := dial(t, p), dial(t, p)
	go asking.Status(Request{})
	done := make(chan struct{})
	go func() { defer close(done); s.Close(0, "done", time.Millisecond) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("the end waits")
	}
	close(f.hold)
	s.all.Wait()
	if _, err := quiet.Status(Request{}); err == nil {
		t.Error("a client is answered after the end")
	}
}

// TestCrowd: more clients than are served at the same time are answered all the same: one that was answered, and asks nothing, makes room.
func TestCrowd(t *testing.T) {
	s, p := serve(t, &fake{})
	defer s.Close(0, "", patience)
	for i := range 3 * ClientsMost { // none of them goes
		if _, err := dial(t, p).Status(Request{}); err != nil {
			t.Fatalf("client %d: %v", i+1, err)
		}
	}
}

// TestCrowdAtOnce: so they are where all are being answered when they come.
func TestCrowdAtOnce(t *testing.T) {
	f := &fake{hold: make(chan struct{})}
	s, p := serve(t, f)
	defer s.Close(0, "", patience)
	var all sync.WaitGroup
	for range 2 * ClientsMost {
		c := dial(t, p)
		all.Go(func() {
			if _, err := c.Status(Request{}); err != nil {
				t.Error(err)
			}
		})
	}
	close(f.hold)
	all.Wait()
}

// TestAnother: the end of a program leaves a socket alone that another one has put in the place of its own.
func TestAnother(t *testing.T) {
	first, p := serve(t, &fake{})
	if err := os.Remove(p.Path); err != nil {
		t.Fatal(err)
	}
	second, err := Listen(p.Path, &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close(0, "", patience)
	first.Close(0, "", patience)
	if _, err := dial(t, p).Status(Request{}); err != nil {
		t.Error(err)
	}
}

// TestFile: the path of a socket is a file, whatever its name begins with.
func TestFile(t *testing.T) {
	t.Chdir(t.TempDir())
	s, err := Listen("@s", &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(0, "", patience)
	if _, err := dial(t, Place{Path: "./@s"}).Status(Request{}); err != nil {
		t.Error(err)
	}
}

// TestStale: a socket that nobody listens at is replaced, and one at which somebody listens is not; neither is a file.
func TestStale(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path, &fake{}); err == nil {
		t.Error("a socket that is used was replaced")
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	s, err := Listen(path, &fake{})
	if err != nil {
		t.Fatal(err)
	}
	s.Close(0, "", patience)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path, &fake{}); err == nil {
		t.Error("a file was replaced")
	}
}

// TestPlaces: programs are found by their PIDs in folders that belong to the user alone, and what is left of those that have ended goes.
func TestPlaces(t *testing.T) {
	run := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", run)
	path := Default()
	if want := At(filepath.Join(run, folderName), os.Getpid()); path != want {
		t.Fatalf("%q, want %q", path, want)
	}
	if st, err := os.Stat(filepath.Dir(path)); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", st, err)
	}
	s, err := Listen(path, &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(0, "", patience)
	gone := At(filepath.Dir(path), 1<<22+1)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: gone})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	link := At(filepath.Dir(path), 1<<22+2)
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range List() {
		switch p.Path {
		case link:
			t.Error("a link is taken for a program")
		case path:
			found++
		case gone:
			found++
			if _, err := Dial(p); !errors.Is(err, ErrGone) {
				t.Errorf("a program that has ended: %v", err)
			}
		}
	}
	if _, err := os.Lstat(gone); found != 2 || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("found %d, %v", found, err)
	}
	l, err = net.ListenUnix("unix", &net.UnixAddr{Name: gone})
	if err != nil {
		t.Fatal(err)
	}
	Sweep(path)
	if _, err := os.Lstat(gone); err != nil {
		t.Errorf("a socket at which somebody listens is gone: %v", err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	Sweep(path)
	if _, err := os.Lstat(gone); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was left is still there: %v", err)
	}
	if p, err := Find(p(os.Getpid())); err != nil || p.Path != path {
		t.Errorf("%v, %v", p, err)
	}
	for _, word := range []string{"0", "-1", "x", "01", "4194306"} {
		if p, err := Find(word); err == nil {
			t.Errorf("%s: %v", word, p)
		}
	}
	if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if got := Default(); got == path {
		t.Error("a folder that others may write to is used")
	}
}

// TestFolderOfAnother: root leaves the folder of another user alone, whose variable sudo may keep.
func TestFolderOfAnother(t *testing.T) {
	run := t.TempDir()
	if err := os.Chown(run, 1, 1); err != nil {
		t.Skip("needs root")
	}
	t.Setenv("XDG_RUNTIME_DIR", run)
	if path := Default(); strings.HasPrefix(path, run) {
		t.Errorf("%s is used", path)
	}
	if _, err := os.Lstat(filepath.Join(run, folderName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder was made there: %v", err)
	}
}

func p(pid int) string { return Place{PID: pid}.String() }

// FuzzRequest: whatever a local user writes is a request within its bounds, or an error in one line.
func FuzzRequest(f *testing.F) {
	for _, line := range []string{
		`{"v":1,"ask":"status"}`, `{"v":1,"ask":"status","text":true,"columns":-1,"links":true}`, `{"v":1,"ask":"set","words":["rate","2","50M"]}`,
		`{"v":1,"ask":"stop"}`, `{"v":2,"ask":"stop"}`, `{`, ``, `null`, `{"v":1e0,"ask":"set","words":null}`, `{"V":1,"ASK":"set","words":[""]}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := ParseRequest(line)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") || r.Ask != "" {
				t.Errorf("%q, %+v", err, r)
			}
			return
		}
		if r.Version != Version || len(r.Words) > wordsMost || r.Columns < 0 || r.Columns > columnsMost {
			t.Errorf("%+v", r)
		}
	})
}
