package main_test

import (
	"regexp"
	"syscall"
	"testing"

	"viamillipede/netio/lab"
)

// TestLabDoctor: what a user may not, and what a filter refuses, is said; and so is what leads to a peer.
func TestLabDoctor(t *testing.T) {
	p := hosts(t)
	const local = "127.0.0.1"
	l := lab.New(t, lab.Config{Paths: 1})
	for _, test := range []struct {
		name   string
		before []string // the program that runs the doctor, with its arguments
		user   *syscall.Credential
		host   string
		want   []string // expressions for lines
	}{
		{"Root", nil, nil, local, []string{
			`ok +route +the route to 127\.0\.0\.1 is loopback`, `ok +(pipes|bpf) `, `[a-z]+ +tee +by reference`,
		}},
		{"Unprivileged", nil, nobody(), local, []string{
			`off +provenance +what comes from a pipe is copied once: bpf: operation not permitted`,
			`off +bpf +.*SOCK_OPS: bpf: operation not permitted`, ` -> setcap cap_bpf,cap_perfmon`,
		}},
		{"RefusedEPERM", []string{p.refuse, "EPERM"}, nil, local, []string{
			`off +vmsplice +vmsplice: operation not permitted`, `off +splice +splice: operation`, `off +tee +tee: operation`,
			`off +provenance +`, `off +bpf +SYSCALL, .*: bpf: operation not permitted`, `.*under a filter`,
		}},
		{"RefusedENOSYS", []string{p.refuse, "ENOSYS"}, nobody(), local, []string{
			`missing +vmsplice +vmsplice: function not implemented`, `missing +tee +`, `missing +provenance +`, `missing +bpf +`,
		}},
		{"Veth", nil, nil, l.Address(lab.RX, 0), []string{
			`ok +route +the route to 198\.18\.0\.2 leaves by p0$`, `missing +nic p0 +what it is cannot be read: `,
			`ok +speed p0 +10G full duplex$`, `ok +mtu p0 +1500$`, `ok +offload p0 +.*gso, tso, sg on`,
		}},
		{"NoRoute", nil, nil, "203.0.113.1", []string{
			`missing +route +the route to 203\.0\.113\.1: .*unreachable`,
		}},
		{"NoDefaultRoute", nil, nil, "", []string{
			`missing +route +the default route: .*unreachable`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			said := &lab.Text{}
			argv := append(append([]string{}, test.before...), p.viamillipede, "doctor")
			if test.host != "" {
				argv = append(argv, test.host)
			}
			c := l.Command(t.Context(), lab.TX, argv[0], argv[1:]...)
			c.Stdout, c.Stderr = said, said
			c.SysProcAttr.Credential = test.user
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			if got := c.Status(); got != 0 {
				t.Errorf("exit status %d", got)
			}
			unfolded := folded.ReplaceAllString(said.String(), " ")
			for _, want := range test.want {
				if !regexp.MustCompile(`(?m)^[^\n]*` + want).MatchString(unfolded) {
					t.Errorf("no line matches %s", want)
				}
			}
			if t.Failed() {
				t.Log("\n" + said.String())
			}
		})
	}
}

// folded is where doctor goes on in the next line.
var folded = regexp.MustCompile(`\n {20,}`)
