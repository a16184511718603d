package main

import (
	"context"
	"strconv"
	"strings"

	"viamillipede/netio/lab"
	"viamillipede/tools/internal/ends"
	"viamillipede/tools/internal/pipeline"
)

// sample is what one stream gave.
type sample struct {
	rate      float64       // GB/s (10^9 bytes) at the consumer
	tx, rx    pipeline.Cost // per GiB
	uncounted error         // why the costs have no migrations
}

// commands are the arguments of both ends, to the receiver's address.
func commands(set settings, to string, c place) (rx, tx []string) {
	rx = []string{"rx", "PORT", "verbose", "1", "cpus", strconv.Itoa(c.loop)}
	tx = []string{"tx", to, "PORT", "verbose", "1", "threads", strconv.Itoa(set.threads), "cpus", "off"}
	return rx, tx
}

func words(list []string) string { return strings.Join(list, " ") }

// measure runs one stream of a case.
func measure(ctx context.Context, set settings, net *network, c place) (sample, error) {
	if err := net.steer(c.packets); err != nil {
		return sample{}, err
	}
	rx, tx := commands(set, net.Address(lab.RX, 0), c)
	r, err := pipeline.Run(ctx, pipeline.Plan{
		RX:       pipeline.End{Command: append([]string{set.bin}, rx...), At: net.at(lab.RX)},
		TX:       pipeline.End{Command: append([]string{set.bin}, tx...), At: net.at(lab.TX)},
		Producer: ends.Producer(set.self, set.bytes(), ends.ByWrite),
		Consumer: ends.Consumer(set.self, ends.ByRead),
		Bytes:    set.bytes(),
		Port:     port,
		Counted:  true,
	})
	if err != nil {
		return sample{}, err
	}
	return sample{rate: r.Rate() / 1e9, tx: r.TX.PerGiB(r.Bytes), rx: r.RX.PerGiB(r.Bytes), uncounted: r.Uncounted}, nil
}
