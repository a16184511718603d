package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Delay describes a path that a program makes and delays (tools/delay). All fields apply to each direction separately.
type Delay struct {
	RoundTrip     time.Duration // half of it each way
	Jitter        time.Duration // at most this much more or less, each way; packets keep their order
	Loss          float64       // probability
	BitsPerSecond uint64        // 0 means unlimited
	Queue         int           // bytes that may wait for the rate; 0 means shapeQueue
	Seed          uint64        // of jitter and losses
}

// tunFile is the file with which TUN devices are made.
const tunFile = "/dev/net/tun"

const (
	// delayLife is when a path ends if nobody else ends it: longer than any test.
	delayLife = 30 * time.Minute
	// delayStart is how long a path may take to start on a busy machine.
	delayStart = 30 * time.Second
)

// errNoNeighbour says that a path has no link-layer addresses.
var errNoNeighbour = errors.New("a delayed path has no neighbours")

// delayed starts the program that makes path i. It ends with the lab.
func (l *Lab) delayed(i int, program string, d Delay) error {
	queue := d.Queue
	if queue == 0 {
		queue = shapeQueue
	}
	c := l.Command(l.ctx, TX, program,
		"-a", l.File(TX), "-b", l.File(RX), "-name", device(i),
		"-addr-a", l.Address(TX, i)+"/24", "-addr-b", l.Address(RX, i)+"/24",
		"-delay", (d.RoundTrip / 2).String(), "-jitter", d.Jitter.String(),
		"-loss", strconv.FormatFloat(d.Loss, 'g', -1, 64),
		"-rate", fmt.Sprint(d.BitsPerSecond/8), "-queue", fmt.Sprint(queue),
		"-seed", fmt.Sprint(d.Seed), "-for", delayLife.String(),
	)
	said := new(Text)
	c.Stderr = said
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	c.Stdout = w
	err = c.Start()
	w.Close()
	if err != nil {
		return err
	}
	if err := awaitLine(r, "ready\n"); err != nil {
		c.reap()
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return nil
}

// awaitLine reads one line, which must be the one given.
func awaitLine(r *os.File, want string) error {
	if err := r.SetReadDeadline(time.Now().Add(delayStart)); err != nil {
		return err
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if err == nil && line != want {
		err = fmt.Errorf("it said %q, not %q", line, want)
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("it ended")
	}
	return err
}
