package dial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"viamillipede/netio"
	"viamillipede/netio/lab"
)

// Of so many connections to a group of two listeners, each must get where it belongs.
const steered = 400

// TestSteering: a new connection is accepted by the listener that owns the CPU which the network's receive queues gave it
// to, over devices with several queues.
func TestSteering(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("one CPU: there is nothing to choose from")
	}
	t.Run("Spread", testSteeringSpread)
	t.Run("OneQueue", testSteeringOneQueue)
	t.Run("Hash", testSteeringHash)
	t.Run("Refused", testSteeringRefused)
	t.Run("Again", testSteeringAgain)
	t.Run("Queues", testSteeringQueues)
}

// ways are those that go by the CPU.
var ways = []SteeringWay{SteerEBPF, SteerClassic}

// straight and crossed are owners: of CPU 0 and 1, listener 0 and 1, or 1 and 0.
func straight(cpu int) int { return cpu }
func crossed(cpu int) int  { return 1 - cpu }

// arrival is a connection that was accepted: by which listener, and the CPU and the receive queue (NAPI) of its last packet.
type arrival struct{ listener, cpu, queue int }

// doors is a group of two listeners on the receiver's host, and a dialler on the sender's.
type doors struct {
	t        *testing.T
	lab      *lab.Lab
	group    *Group
	to       string
	arrivals chan arrival
	queues   map[int]int // connections by receive queue
}

// openDoors makes hosts with a path of so many queues, each of which these CPUs handle.
func openDoors(t *testing.T, queues int, cpus ...int) *doors {
	t.Helper()
	d := &doors{t: t, lab: lab.New(t, lab.Config{Paths: 1, Queues: queues}), arrivals: make(chan arrival, steered), queues: map[int]int{}}
	for q := range queues {
		if err := d.lab.Spread(lab.RX, 0, q, cpus...); err != nil {
			t.Fatal(err)
		}
	}
	err := d.lab.Visit(lab.RX, func() (err error) {
		d.group, err = ListenGroup(t.Context(), netip.Addr{}, 0, 2)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(d.group.Listeners()[0].Addr().String())
	d.to = net.JoinHostPort(d.lab.Address(lab.RX, 0), port)
	d.serve()
	return d
}

// serve accepts on both listeners until the test ends.
func (d *doors) serve() {
	var serving sync.WaitGroup
	for i, l := range d.group.Listeners() {
		serving.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				d.arrivals <- arrivalOf(c, i)
			}
		})
	}
	d.t.Cleanup(func() {
		if err := d.group.Close(); err != nil {
			d.t.Error(err)
		}
		serving.Wait()
	})
}

// arrivalOf describes a connection, which has carried no data, and closes it.
func arrivalOf(c net.Conn, listener int) arrival {
	conn, err := netio.Detach(c, nil)
	if err != nil {
		return arrival{listener: listener, cpu: -1}
	}
	defer conn.Close()
	return arrival{listener: listener, cpu: conn.IncomingCPU(), queue: conn.Info().NAPI}
}

// dial makes n connections, one after the other, and closes each of them at once.
func (d *doors) dial(n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return d.lab.Visit(lab.TX, func() error {
		for range n {
			c, err := new(net.Dialer).DialContext(ctx, "tcp", d.to)
			if err != nil {
				return err
			}
			c.Close()
		}
		return nil
	})
}

// receive makes n connections and gives where they arrived: how many by listener and CPU. More than two CPUs are a failure.
func (d *doors) receive(n int) (counts [2][2]int) {
	d.t.Helper()
	dialled := make(chan error, 1)
	go func() { dialled <- d.dial(n) }()
	for left := n; left > 0 || dialled != nil; {
		select {
		case err := <-dialled:
			if err != nil {
				d.t.Fatal(err)
			}
			dialled = nil
		case a := <-d.arrivals:
			if a.cpu < 0 || a.cpu > 1 {
				d.t.Fatalf("a connection handled by CPU %d", a.cpu)
			}
			counts[a.listener][a.cpu]++
			d.queues[a.queue]++
			left--
		case <-time.After(time.Minute):
			d.t.Fatalf("of %d connections there are %v", n, counts)
		}
	}
	return counts
}

// steer demands that the way is used.
func (d *doors) steer(way SteeringWay, owner func(int) int) {
	d.t.Helper()
	if got := d.group.SteerBy(way, 2, owner); got.Way != way {
		d.t.Fatalf("steered by %v, want %v: %v", got.Way, way, got.Why)
	}
}

// all demands that every connection got to the owner of its CPU, and that there were some of each.
func (d *doors) all(what string, counts [2][2]int, owner func(int) int) {
	d.t.Helper()
	for cpu := range 2 {
		if right, wrong := counts[owner(cpu)][cpu], counts[1-owner(cpu)][cpu]; right == 0 || wrong > 0 {
			d.t.Errorf("%s: of CPU %d's connections %d got to its listener and %d did not", what, cpu, right, wrong)
		}
	}
	d.t.Logf("%s: by listener and CPU %v", what, counts)
}

// Two queues, each spread over two CPUs.
func testSteeringSpread(t *testing.T) {
	d := openDoors(t, 2, 0, 1)
	for _, way := range ways {
		d.steer(way, straight)
		d.all(way.String(), d.receive(steered), straight)
		d.steer(way, crossed)
		d.all(way.String()+", crossed", d.receive(steered), crossed)
	}
}

// One queue, and one CPU that handles it: that is told by its setting, whatever a socket tells.
func testSteeringOneQueue(t *testing.T) {
	for cpu := range 2 {
		d := openDoors(t, 1, cpu)
		for _, way := range ways {
			d.steer(way, straight)
			counts := d.receive(steered)
			if counts[cpu][cpu] != steered {
				t.Errorf("%v: CPU %d handles all, and by listener and CPU there are %v", way, cpu, counts)
			}
		}
	}
}

// The kernel's hash has no regard for CPUs, nor has a group that nobody steers, or does no more.
func testSteeringHash(t *testing.T) {
	d := openDoors(t, 2, 0, 1)
	check := func(what string) {
		counts := d.receive(steered)
		t.Logf("%s: by listener and CPU %v", what, counts)
		for cpu := range 2 {
			if counts[0][cpu] == 0 || counts[1][cpu] == 0 {
				t.Errorf("%s: of CPU %d's connections the listeners got %d and %d", what, cpu, counts[0][cpu], counts[1][cpu])
			}
		}
	}
	check("new")
	for _, way := range ways {
		d.steer(way, straight)
		d.steer(SteerHash, straight)
		check("after " + way.String())
	}
}

// Without rights the classic filter does the work.
func testSteeringRefused(t *testing.T) {
	d := openDoors(t, 2, 0, 1)
	got := bereft(t, func() Steering { return d.group.Steer(2, crossed) })
	if got.Way != SteerClassic || !errors.Is(got.Why, unix.EPERM) {
		t.Fatalf("without rights: %v, %v", got.Way, got.Why)
	}
	t.Log(got.Way, "since", got.Why)
	d.all("without rights", d.receive(steered), crossed)
}

// Owners change, and change, while connections come in: none of those is lost, and those that come after go by the last
// owners.
func testSteeringAgain(t *testing.T) {
	const rounds, changes, connections = 20, 21, 40
	d := openDoors(t, 2, 0, 1)
	owners := []func(int) int{straight, crossed}
	for _, way := range ways {
		for round := range rounds {
			changed := make(chan Steering, changes)
			go func() {
				for i := range changes {
					changed <- d.group.SteerBy(way, 2, owners[(round+i)%2])
				}
			}()
			d.receive(connections)
			for range changes {
				if got := <-changed; got.Way != way {
					t.Fatalf("steered by %v, want %v: %v", got.Way, way, got.Why)
				}
			}
			last := owners[(round+changes-1)%2]
			counts := d.receive(connections)
			for cpu := range 2 {
				if wrong := counts[1-last(cpu)][cpu]; wrong > 0 {
					t.Fatalf("%v, round %d: by listener and CPU %v", way, round, counts)
				}
			}
		}
	}
}

// A device that is polled tells the queue in which a connection's packets arrive; the owners' CPUs count as before.
func testSteeringQueues(t *testing.T) {
	d := openDoors(t, 2, 0, 1)
	d.steer(SteerClassic, straight)
	d.receive(steered)
	if d.queues[0] != steered {
		t.Errorf("the device is not polled, and connections by queue are %v", d.queues)
	}
	if err := d.lab.Poll(lab.RX, 0); err != nil {
		t.Skip(err)
	}
	clear(d.queues)
	d.all("polled", d.receive(steered), straight)
	if len(d.queues) != 2 || d.queues[0] != 0 {
		t.Errorf("the device has 2 queues, and connections by queue are %v", d.queues)
	}
}
