package main_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// Programs of others talk through TCP connections that terminate takes and initiate makes, while their network breaks.

const (
	nearDoor = "127.0.0.1:2000" // of terminate, on side TX

	tornEvery = 50 * time.Millisecond // a link is cut
	tornFor   = 5 * time.Second       // a path is down once
	tornMost  = 4 * time.Minute       // for whatever a program does in a torn network
)

// tunnel is a near and a far end that stay, between two hosts.
type tunnel struct {
	t         *testing.T
	lab       *lab.Lab
	dir       string
	near, far *lab.Cmd
	heard     [2]*lab.Text // what they say
	may       []int        // statuses that they may end with, beside 0
}

// strangers finds programs of others; where one is absent, the test is skipped. Those that lie beside a server are found too.
func strangers(t *testing.T, names ...string) map[string]string {
	t.Helper()
	if !long(true, false) {
		t.Skip("takes long: make lab")
	}
	found := make(map[string]string)
	for _, name := range names {
		path, err := exec.LookPath(name)
		for _, pattern := range []string{"/usr/sbin/", "/usr/lib/postgresql/*/bin/"} {
			if there, _ := filepath.Glob(pattern + name); len(there) > 0 && (err != nil || strings.Contains(pattern, "postgresql")) {
				path, err = there[len(there)-1], nil
			}
		}
		if err != nil {
			t.Skipf("%s is not here", name)
		}
		found[name] = path
	}
	return found
}

// tunnels runs a test with a tunnel to a port of the far host, in the clear and with a key.
func tunnels(t *testing.T, port string, test func(u *tunnel)) {
	p := alone(t)
	for name, words := range map[string][]string{"clear": nil, "key": p.keyed(t)} {
		t.Run(name, func(t *testing.T) {
			u := p.tunnel(t, port, words)
			test(u)
			u.end()
		})
	}
}

// tunnel makes two hosts with two paths, and the two ends; words are for both.
func (p programs) tunnel(t *testing.T, port string, words []string) *tunnel {
	t.Helper()
	return p.tunnelIn(t, lab.New(t, lab.Config{Paths: 2}), labPort, port, words)
}

// tunnelIn makes the two ends between two hosts that are there, with links to that port.
func (p programs) tunnelIn(t *testing.T, l *lab.Lab, links int, port string, words []string) *tunnel {
	t.Helper()
	u := &tunnel{t: t, lab: l, dir: t.TempDir()}
	at := fmt.Sprint(links)
	far := []string{"rx", at, "tx", at, "keep", "initiate", "127.0.0.1", port}
	var near []string
	for i := range u.lab.Paths() {
		near = slices.Concat(near, []string{"rx", u.lab.Address(lab.RX, i), at}, []string{"tx", u.lab.Address(lab.RX, i), at})
	}
	u.far, u.heard[1] = u.start(lab.RX, p.viamillipede, append(far, words...)...)
	u.near, u.heard[0] = u.start(lab.TX, p.viamillipede, slices.Concat(near, []string{"keep", "terminate", nearDoor}, words)...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("near:\n%sfar:\n%s", digest(u.heard[0].String()), digest(u.heard[1].String()))
		}
	})
	return u
}

// start starts a program, which lasts as long as the lab at most.
func (u *tunnel) start(side lab.Side, name string, args ...string) (*lab.Cmd, *lab.Text) {
	u.t.Helper()
	c, said := u.lab.Command(context.Background(), side, name, args...), new(lab.Text)
	c.Stdout, c.Stderr, c.Dir = said, said, u.dir
	if err := c.Start(); err != nil {
		u.t.Fatalf("start %s: %v", name, err)
	}
	return c, said
}

// do runs a program to its good end, and returns what it said.
func (u *tunnel) do(side lab.Side, name string, args ...string) string {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), tornMost)
	defer cancel()
	c, said := u.lab.Command(ctx, side, name, args...), new(lab.Text)
	c.Stdout, c.Stderr, c.Dir = said, said, u.dir
	if err := c.Run(); err != nil {
		u.t.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, said)
	}
	return said.String()
}

// listens waits until somebody listens at an address of a side. Nobody is disturbed.
func (u *tunnel) listens(side lab.Side, at string) {
	u.t.Helper()
	to := netip.MustParseAddrPort(at)
	ip := to.Addr().As4()
	row := fmt.Sprintf(" %08X:%04X 00000000:0000 0A ", binary.LittleEndian.Uint32(ip[:]), to.Port())
	for late := time.Now().Add(settleTime); ; time.Sleep(20 * time.Millisecond) {
		var sockets []byte
		err := u.lab.Visit(side, func() (err error) {
			sockets, err = os.ReadFile("/proc/thread-self/net/tcp")
			return err
		})
		switch {
		case err != nil:
			u.t.Fatal(err)
		case strings.Contains(string(sockets), row):
			return
		case time.Now().After(late):
			u.t.Fatalf("nobody listens at %s", at)
		}
	}
}

// torn does something, as often as it takes, while links are cut all the time and the first path goes down for a while.
func (u *tunnel) torn(work func()) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.t.Context(), tornMost)
	defer cancel()
	cuts, back := make(chan int, 1), make(chan error, 1)
	go func() { cuts <- u.cut(ctx) }()
	go func() {
		err := u.lab.PathDown(0)
		<-time.After(tornFor)
		back <- errors.Join(err, u.lab.PathUp(0))
	}()
	for down := true; down && !u.t.Failed(); {
		work()
		select {
		case err := <-back:
			if down = false; err != nil {
				u.t.Error(err)
			}
		default:
		}
	}
	cancel()
	if n := <-cuts; n < 50 {
		u.t.Errorf("%d links cut: that proves nothing", n)
	}
}

// cut cuts a link every tornEvery, from the two sides in turn, and returns how many.
func (u *tunnel) cut(ctx context.Context) (killed int) {
	return keepKilling(ctx, u.t, u.lab, tornEvery)
}

// end ends both ends, which are to have nothing to complain of.
func (u *tunnel) end() {
	u.t.Helper()
	for i, c := range []*lab.Cmd{u.near, u.far} {
		_ = c.Process.Signal(syscall.SIGTERM)
		if status := u.status(c); status != 0 && !slices.Contains(u.may, status) {
			u.t.Errorf("%v ends with status %d", lab.Side(i), status)
		}
	}
}

// status waits for the end of a program.
func (u *tunnel) status(c *lab.Cmd) int {
	u.t.Helper()
	ended := make(chan int, 1)
	go func() { ended <- c.Status() }()
	select {
	case status := <-ended:
		return status
	case <-time.After(settleTime):
		_ = c.Process.Signal(syscall.SIGQUIT)
		u.t.Errorf("%s does not end", strings.Join(c.Args, " "))
		return -1
	}
}

// portOf is the port of an address.
func portOf(at string) string {
	_, port, _ := net.SplitHostPort(at)
	return port
}
