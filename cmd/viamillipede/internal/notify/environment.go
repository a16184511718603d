// Package notify is how the program deals with what has started it, such as a service manager.
//
//	environment.go  what a manager says in the environment, and the sockets that it passes
//	manager.go      it is told how the program is doing
//	mark.go         a file, or a descriptor, gets the port
package notify

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"viamillipede/netio/dial"
)

// Environment is what a service manager has put there for this process.
type Environment struct {
	Socket   string        // that it hears messages at (NOTIFY_SOCKET, sd_notify(3)); "": it hears none
	Watchdog time.Duration // it wants a sign of life at least as often (sd_watchdog_enabled(3)); 0: it does not
	Main     bool          // nothing says that this process is not the one that the manager started
	Passed   []dial.Passed // sockets (sd_listen_fds(3)); none of them is checked
}

// names are the variables that are for one process only.
var names = []string{
	"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES", "SYSTEMD_EXEC_PID",
}

// Take reads the environment, and removes from it what is not for children. What is meant for another process counts as not there.
// The error says, for people, which variable makes no sense; what the others say is returned with it.
func Take() (Environment, error) {
	self := os.Getpid()
	e, err := read(os.Getenv, self)
	for _, name := range names {
		_ = os.Unsetenv(name)
	}
	return e, err
}

// read is Take for any environment and process.
func read(get func(string) string, self int) (Environment, error) {
	e := Environment{Socket: get("NOTIFY_SOCKET")}
	started := get("SYSTEMD_EXEC_PID")
	e.Main = started == "" || started == strconv.Itoa(self)
	var failed [2]error
	e.Passed, failed[0] = passed(get, self)
	e.Watchdog, failed[1] = watchdog(get, self)
	return e, errors.Join(failed[:]...)
}

// firstPassed is the first descriptor that is passed (SD_LISTEN_FDS_START).
const firstPassed = 3

// passed reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.
func passed(get func(string) string, self int) ([]dial.Passed, error) {
	pid := get("LISTEN_PID")
	if pid == "" || get("LISTEN_FDS") == "" {
		return nil, nil
	}
	if n, err := strconv.Atoi(pid); err != nil || n < 1 {
		return nil, fmt.Errorf("LISTEN_PID: expected a process id, found %q", pid)
	} else if n != self {
		return nil, nil
	}
	n, err := strconv.Atoi(get("LISTEN_FDS"))
	if err != nil || n < 1 || n > math.MaxInt32-firstPassed {
		return nil, fmt.Errorf("LISTEN_FDS: expected a number of sockets, 1 or more, found %q", get("LISTEN_FDS"))
	}
	var called []string
	if all := get("LISTEN_FDNAMES"); all != "" {
		if called = strings.Split(all, ":"); len(called) != n {
			return nil, fmt.Errorf("LISTEN_FDNAMES: expected %d names, as LISTEN_FDS says, found %q", n, all)
		}
	}
	if n > passedMost {
		return nil, fmt.Errorf("LISTEN_FDS: expected at most %d sockets, found %d", passedMost, n)
	}
	var sockets []dial.Passed
	for i := range n {
		p := dial.Passed{FD: firstPassed + i}
		if called != nil {
			p.Name = called[i]
		}
		sockets = append(sockets, p)
	}
	return sockets, nil
}

// passedMost bounds the sockets: no unit has as many addresses.
const passedMost = 256

// watchdog reads WATCHDOG_PID and WATCHDOG_USEC.
func watchdog(get func(string) string, self int) (time.Duration, error) {
	word, pid := get("WATCHDOG_USEC"), get("WATCHDOG_PID")
	if word == "" || pid != "" && pid != strconv.Itoa(self) {
		return 0, nil
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || n < 1 || n > math.MaxInt64/int64(time.Microsecond) {
		return 0, fmt.Errorf("WATCHDOG_USEC: expected a number of microseconds, found %q", word)
	}
	return time.Duration(n) * time.Microsecond, nil
}
