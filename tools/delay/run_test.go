package main

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"viamillipede/netio/lab"
)

const testTime = 30 * time.Second // the most that a test here waits for anything

// visit runs f on a side.
func visit(t *testing.T, l *lab.Lab, side lab.Side, f func() error) {
	t.Helper()
	if err := l.Visit(side, f); err != nil {
		t.Fatal(err)
	}
}

// joined is two hosts with a line between them.
type joined struct {
	*lab.Lab
	end func() [2]counts // ends the line
}

// join runs the program with these flags. The test is skipped where it cannot be.
func join(t *testing.T, words string) *joined {
	t.Helper()
	j := &joined{Lab: lab.New(t, lab.Config{})}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("no TUN devices here: %v", err)
	}
	set, err := parse(good(append(strings.Fields(words), "-a", j.File(lab.TX), "-b", j.File(lab.RX))...))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	t.Cleanup(cancel)
	ready := make(chan struct{})
	type result struct {
		counts [2]counts
		err    error
	}
	ended := make(chan result, 1)
	go func() {
		c, err := run(ctx, set, func() { close(ready) })
		ended <- result{c, err}
	}()
	select {
	case <-ready:
	case r := <-ended:
		t.Fatalf("it did not begin: %v", r.err)
	}
	j.end = func() [2]counts {
		cancel()
		r := <-ended
		if r.err != nil {
			t.Error(r.err)
		}
		return r.counts
	}
	return j
}

const (
	near = "198.18.3.1:0"
	far  = "198.18.3.2:4545"
)

func address(text string) *net.UDPAddr { return net.UDPAddrFromAddrPort(netip.MustParseAddrPort(text)) }

// echo answers UDP packets at the far end, and gives a socket at the near end that is connected to it.
func (j *joined) echo(t *testing.T) net.Conn {
	t.Helper()
	var server, client *net.UDPConn
	visit(t, j.Lab, lab.RX, func() (err error) {
		server, err = net.ListenUDP("udp", address(far))
		return err
	})
	visit(t, j.Lab, lab.TX, func() (err error) {
		client, err = net.DialUDP("udp", address(near), address(far))
		return err
	})
	t.Cleanup(func() { server.Close(); client.Close() })
	go func() {
		buf := make([]byte, 2000)
		for {
			n, from, err := server.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = server.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	return client
}

// roundTrips measures n round trips, one after the other, and gives them sorted.
func roundTrips(t *testing.T, c net.Conn, n int) []time.Duration {
	t.Helper()
	var took []time.Duration
	buf := make([]byte, 100)
	for range n {
		start := time.Now()
		if _, err := c.Write(buf); err != nil {
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(start.Add(testTime)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(buf); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took
}

func TestRoundTripIsTwiceTheDelay(t *testing.T) {
	const delay, n = 10 * ms, 30
	j := join(t, "-delay 10ms")
	took := roundTrips(t, j.echo(t), n)
	t.Logf("round trips of 2 x %v: least %v, median %v, most %v", delay, took[0], took[n/2], took[n-1])
	// On a busy machine most of them may wait for a CPU.
	if took[0] < 2*delay-2*tick || took[0] > 2*delay+5*ms {
		t.Errorf("%v at the least, want 2 x %v", took[0], delay)
	}
	for i, c := range j.end() {
		if c.packets != n || c.bytes != n*(100+28) || c.lost+c.dropped+c.refused+c.missed != 0 {
			t.Errorf("way %d: %v, want %d packets", i, c, n)
		}
	}
}

func TestLossIsCounted(t *testing.T) {
	const n = 2000
	j := join(t, "-delay 1ms -loss 0.1 -rate 8M -queue 4M")
	c := j.echo(t)
	answered := make(chan int)
	go func() {
		buf, got := make([]byte, 100), 0
		for {
			_ = c.SetReadDeadline(time.Now().Add(time.Second))
			if _, err := c.Read(buf); err != nil {
				answered <- got
				return
			}
			got++
		}
	}()
	for range n {
		if _, err := c.Write(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	got := <-answered
	counts := j.end()
	t.Logf("%d of %d answered; %v; %v", got, n, counts[0], counts[1])
	for i, c := range counts {
		if c.packets == 0 || c.lost < c.packets/20 || c.lost > c.packets/5 {
			t.Errorf("way %d: %v, want a tenth lost", i, c)
		}
	}
	if all := counts[0].packets + counts[0].lost + counts[0].dropped + counts[0].missed; all != n {
		t.Errorf("%d packets of %d are accounted for", all, n)
	}
}

func TestStreamHasTheRate(t *testing.T) {
	const size, rate = 4 << 20, 8 << 20
	j := join(t, "-delay 2ms -rate 8M")
	var listener net.Listener
	var a net.Conn
	visit(t, j.Lab, lab.RX, func() (err error) { listener, err = net.Listen("tcp", far); return err })
	defer listener.Close()
	visit(t, j.Lab, lab.TX, func() (err error) { a, err = net.DialTimeout("tcp", far, testTime); return err })
	defer a.Close()
	b, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	start := time.Now()
	_ = a.SetDeadline(start.Add(testTime))
	_ = b.SetDeadline(start.Add(testTime))
	go func() { _, _ = a.Write(make([]byte, size)) }()
	if _, err := io.ReadFull(b, make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	took, least := time.Since(start), time.Second*size/rate
	t.Logf("%d bytes at %d bytes/s took %v", size, rate, took)
	if took < least || took > testTime {
		t.Errorf("took %v, want a little more than %v", took, least)
	}
}

func TestDevicesGoWithTheProgram(t *testing.T) {
	j := join(t, "-name line7")
	find := func() error {
		_, err := netlink.LinkByName("line7")
		return err
	}
	visit(t, j.Lab, lab.TX, find)
	j.end()
	for _, side := range []lab.Side{lab.TX, lab.RX} {
		if j.Visit(side, find) == nil {
			t.Errorf("%v end still has its device", side)
		}
	}
}

// A device that is down takes nothing and sends nothing; when it is up again the line goes on.
func TestDeviceDownAndUp(t *testing.T) {
	j := join(t, "-delay 1ms -name line7")
	c := j.echo(t)
	roundTrips(t, c, 1)
	set := func(change func(netlink.Link) error) func() error {
		return func() error {
			dev, err := netlink.LinkByName("line7")
			if err != nil {
				return err
			}
			return change(dev)
		}
	}
	visit(t, j.Lab, lab.RX, set(netlink.LinkSetDown))
	buf := make([]byte, 100)
	if _, err := c.Write(buf); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(200 * ms))
	if _, err := c.Read(buf); err == nil {
		t.Error("a device that is down answered")
	}
	visit(t, j.Lab, lab.RX, set(netlink.LinkSetUp))
	roundTrips(t, c, 1)
	if c := j.end(); c[0].refused != 1 {
		t.Errorf("%v, want one refused", c[0])
	}
}

func TestWhatCannotBeJoined(t *testing.T) {
	space := lab.New(t, lab.Config{}).File(lab.TX)
	for _, c := range []struct{ flag, value, want string }{
		{"-a", "no/such/file", "end a: open no/such/file: no such file"},
		{"-a", os.Args[0], "end a: setns: invalid argument"},
		{"-addr-a", "198.18.3/24", "end a: invalid CIDR address"},
		{"-name", "a-name-that-is-too-long", "cannot be the name of a device"},
	} {
		set, err := parse(good("-a", space, "-b", space, c.flag, c.value))
		if err != nil {
			t.Fatal(err)
		}
		_, err = run(t.Context(), set, func() { t.Error("ready") })
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s %s: %v, want %q", c.flag, c.value, err, c.want)
		}
	}
}
