package notify

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"viamillipede/netio/dial"
)

// What a manager says to this process is heard, what it says to another one is not, and what makes no sense is named.
func TestRead(t *testing.T) {
	named := []dial.Passed{{FD: 3, Name: "a"}, {FD: 4, Name: "b"}}
	for _, c := range []struct {
		vars, wrong string
		want        Environment
	}{
		{"", "", Environment{Main: true}},
		{"NOTIFY_SOCKET=@x", "", Environment{Socket: "@x", Main: true}},
		{"SYSTEMD_EXEC_PID=7", "", Environment{Main: true}},
		{"SYSTEMD_EXEC_PID=8", "", Environment{}},
		{"LISTEN_PID=7 LISTEN_FDS=1", "", Environment{Main: true, Passed: []dial.Passed{{FD: 3}}}},
		{"LISTEN_PID=7 LISTEN_FDS=2 LISTEN_FDNAMES=a:b", "", Environment{Main: true, Passed: named}},
		{"LISTEN_PID=8 LISTEN_FDS=nonsense", "", Environment{Main: true}},
		{"LISTEN_FDS=1", "", Environment{Main: true}},
		{"LISTEN_PID=7", "", Environment{Main: true}},
		{"LISTEN_PID=seven LISTEN_FDS=1", "LISTEN_PID", Environment{Main: true}},
		{"LISTEN_PID=-7 LISTEN_FDS=1", "LISTEN_PID", Environment{Main: true}},
		{"LISTEN_PID=7 LISTEN_FDS=two", "LISTEN_FDS", Environment{Main: true}},
		{"LISTEN_PID=7 LISTEN_FDS=0", "LISTEN_FDS", Environment{Main: true}},
		{"LISTEN_PID=7 LISTEN_FDS=-1", "LISTEN_FDS", Environment{Main: true}},
		{"LISTEN_PID=7 LISTEN_FDS=2147483647", "LISTEN_FDS", Environment{Main: true}},
		{"LISTEN_PID=7 LISTEN_FDS=99999999999999999999", "LISTEN_FDS", Environment{Main: true}},
		{"LISTEN_PID=7 LISTEN_FDS=1 LISTEN_FDNAMES=a:b", "LISTEN_FDNAMES", Environment{Main: true}},
		{"WATCHDOG_USEC=2000000", "", Environment{Main: true, Watchdog: 2 * time.Second}},
		{"WATCHDOG_USEC=2000000 WATCHDOG_PID=7", "", Environment{Main: true, Watchdog: 2 * time.Second}},
		{"WATCHDOG_USEC=2000000 WATCHDOG_PID=8", "", Environment{Main: true}},
		{"WATCHDOG_USEC=0", "WATCHDOG_USEC", Environment{Main: true}},
		{"WATCHDOG_USEC=9223372036854775807", "WATCHDOG_USEC", Environment{Main: true}},
		{"WATCHDOG_USEC=soon LISTEN_PID=7 LISTEN_FDS=2 LISTEN_FDNAMES=a:b", "WATCHDOG_USEC", Environment{Main: true, Passed: named}},
	} {
		vars := map[string]string{}
		for v := range strings.FieldsSeq(c.vars) {
			name, value, _ := strings.Cut(v, "=")
			vars[name] = value
		}
		got, err := read(func(name string) string { return vars[name] }, 7)
		if !reflect.DeepEqual(got, c.want) || (err == nil) != (c.wrong == "") || err != nil && !strings.HasPrefix(err.Error(), c.wrong+": ") {
			t.Errorf("%s: %+v, %v, want %+v", c.vars, got, err, c.want)
		}
	}
}

// Children get nothing of it.
func TestTakeRemoves(t *testing.T) {
	for _, name := range names {
		t.Setenv(name, "1")
	}
	t.Setenv("LISTEN_PID", fmt.Sprint(os.Getpid()))
	if e, err := Take(); err != nil || len(e.Passed) != 1 || e.Socket != "1" {
		t.Errorf("%+v, %v", e, err)
	}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "LISTEN_") || strings.HasPrefix(name, "WATCHDOG_") || name == "NOTIFY_SOCKET" {
			t.Errorf("%s is still there", v)
		}
	}
}
