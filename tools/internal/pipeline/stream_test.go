package pipeline

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"viamillipede/tools/internal/ends"
)

// relayRX PORT takes one connection and gives what comes to stdout; relayTX PORT is the opposite.
func relayRX(args []string) error {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", args[0]))
	if err != nil {
		return err
	}
	c, err := l.Accept()
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, c)
	return err
}

func relayTX(args []string) error {
	c, err := net.DialTimeout("tcp4", net.JoinHostPort("127.0.0.1", args[0]), 5*time.Second)
	if err != nil {
		return err
	}
	_, err = io.Copy(c, os.Stdin)
	return errors.Join(err, c.Close())
}

const small = 1 << 20 // bytes

// relayed is a plan with the relays as both ends.
func relayed(t *testing.T) Plan {
	self := own(t)
	return Plan{
		RX: End{Command: []string{self, "rx", "PORT"}}, TX: End{Command: []string{self, "tx", "PORT"}}, Bytes: small,
		Producer: ends.Producer(self, small, ends.ByWrite), Consumer: ends.Consumer(self, ends.ByRead),
	}
}

func shell(script string) []string { return []string{"sh", "-c", script} }

func TestStreamIsMeasured(t *testing.T) {
	whole := relayed(t)
	local, abroad := whole, whole
	local.RX, local.TX = End{}, End{}
	abroad.RX, abroad.Consumer, abroad.Abroad = End{}, nil, true
	abroad.TX.Command = whole.Consumer
	for name, p := range map[string]Plan{"two ends": whole, "a pipe": local, "a consumer elsewhere": abroad} {
		r, err := Run(t.Context(), p)
		if err != nil || r.Bytes != small || r.Rate() <= 0 || r.Machine < 0 || r.Machine > Limit.Seconds() {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if has := r.TX.Waits > 0; has != (p.TX.Command != nil) {
			t.Errorf("%s: the cost of tx is %+v", name, r.TX)
		}
		if has := r.RX.Waits > 0; has != (p.RX.Command != nil) {
			t.Errorf("%s: the cost of rx is %+v", name, r.RX)
		}
	}
}

func TestFilesInThePlaceOfPipes(t *testing.T) {
	p := relayed(t)
	p.Producer, p.Consumer, p.Bytes = nil, nil, 5
	var files [2]*os.File
	for i := range files {
		var err error
		if files[i], err = os.CreateTemp(t.TempDir(), ""); err != nil {
			t.Fatal(err)
		}
		defer files[i].Close()
	}
	if _, err := files[0].WriteString("12345"); err != nil {
		t.Fatal(err)
	}
	if _, err := files[0].Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	p.Stdin, p.Stdout = files[0], files[1]
	r, err := Run(t.Context(), p)
	if err != nil || r.Rate() <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if got, err := os.ReadFile(files[1].Name()); string(got) != "12345" || err != nil {
		t.Errorf("%q came out, %v", got, err)
	}
}

// What is wrong with a stream is said, and nothing of it is left.
func TestFailedStreams(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *Plan)
		want   string
	}{
		"no such program":  {func(p *Plan) { p.TX.Command = []string{"no/such/program"} }, "start no/such/program: "},
		"rx does not come": {func(p *Plan) { p.RX.Command = shell("exit 3") }, "does not listen: exit status 3"},
		"tx fails":         {func(p *Plan) { p.TX.Command = shell("echo why >&2; exit 5") }, "tx: exit status 5: why"},
		"cut short":        {func(p *Plan) { p.Producer = ends.Producer(p.Producer[0], small/2, ends.ByWrite) }, "524288 bytes came out of 1048576"},
		"a bad consumer":   {func(p *Plan) { p.Consumer = shell("cat >/dev/null; echo lots") }, "the consumer said "},
		"a bad producer": {func(p *Plan) {
			gen := strings.Join(p.Producer, " ")
			p.Producer = shell(gen + "; exit 7")
		}, "producer: exit status 7"},
	} {
		t.Run(name, func(t *testing.T) {
			p := relayed(t)
			c.change(&p)
			s, err := Start(t.Context(), p)
			if err == nil {
				_, err = s.Wait()
				s.End()
				for _, child := range []*Child{s.RX, s.TX, s.Producer, s.Consumer} {
					if child.ProcessState == nil {
						t.Errorf("%s is not over", child.Path)
					}
				}
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// The exit status of somebody else's program need not say anything.
func TestStatusesThatSayNothing(t *testing.T) {
	p := relayed(t)
	p.TX.Command = shell(p.TX.Command[0] + " tx PORT; exit 9")
	if _, err := Run(t.Context(), p); err == nil {
		t.Error("a status of 9 was overlooked")
	}
	p.Anyhow = true
	if r, err := Run(t.Context(), p); err != nil || r.Rate() <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A stream that runs is ended, by its own pids, when its owner wants that.
func TestEndOfARunningStream(t *testing.T) {
	for name, grace := range map[string]time.Duration{"at once": 0, "with grace": 10 * time.Second} {
		p := relayed(t)
		p.Producer, p.Grace = shell("exec sleep 1000"), grace
		s, err := Start(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		s.End()
		for _, child := range []*Child{s.Producer, s.TX, s.RX, s.Consumer} {
			if child.ProcessState == nil || child == s.Producer && child.ProcessState.Success() && grace == 0 { // others may see it end
				t.Errorf("%s: %s: %v", name, child.Path, child.ProcessState)
			}
		}
	}
}
