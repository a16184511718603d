package host

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// TestRoot: what is there is given without the blanks around it, what is not counts as nothing, and an error names the file as
// it is named on a machine.
func TestRoot(t *testing.T) {
	r := machine(t, map[string]string{
		"proc/sys/net/core/rmem_max": " 4096 ", "proc/7/comm": "x", "proc/12/comm": "y", "proc/self/comm": "z", "proc/007/comm": "x",
		"proc/self/status": "Name:\tx\nSeccomp:\t2\nSeccomp:\t3",
	})
	if got, err := r.Read(SysctlFile("net.core.rmem_max")); got != "4096" || err != nil || r.Sysctl("net.core.rmem_max") != got {
		t.Errorf("%q, %v", got, err)
	}
	_, err := r.Read("proc/gone")
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "/proc/gone: ") {
		t.Errorf("%v", err)
	}
	if r.Text("proc/gone") != "" || r.Exists("proc/gone") || !r.Exists("proc/7") {
		t.Error("what is gone is there, or the other way about")
	}
	if got := r.Field("proc/self/status", "Seccomp"); got != "2" {
		t.Errorf("%q", got)
	}
	if got := r.Field("proc/self/status", "Sec"); got != "" {
		t.Errorf("half a name gives %q", got)
	}
	if got := r.Processes(); !slices.Equal(got, []int{7, 12}) {
		t.Errorf("%v", got)
	}
	if got := r.Numbered("gone", "cpu"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// TestRights: a capability counts for the machine's own limits only where the users are the machine's own.
func TestRights(t *testing.T) {
	for _, c := range []struct {
		users, set   string
		has, capable bool
	}{
		{"0 0 4294967295", "CapEff:\t0000000000001000", true, true},
		{"0 100000 65536", "CapEff:\t0000000000001000", true, false},
		{"0 0 1", "CapEff:\t000001ffffffffff", true, false},
		{"0 0 4294967295", "CapEff:\t0000000000002000", false, false},
		{"0 0 4294967295", "CapInh:\t0000000000001000", false, false},
		{"0 0 4294967295", "CapEff:\tmany", false, false},
	} {
		r := machine(t, map[string]string{"proc/self/uid_map": c.users, "proc/self/status": "Name:\tx\n" + c.set})
		if has, capable := r.Has(SysAdmin, NetAdmin), r.Capable(NetAdmin); has != c.has || capable != c.capable {
			t.Errorf("%s, %s: has %v, capable %v", c.users, c.set, has, capable)
		}
	}
}
