package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"viamillipede/tools/internal/pipeline"
)

// sampleOfIperf is what one test of iperf3 gave; iperf3 contains producer and consumer and uses no pipes.
func sampleOfIperf(r pipeline.Result, said string) (sample, error) {
	rate, got, err := parseIperf(said)
	if err != nil {
		return sample{}, err
	}
	r.Bytes = got
	s := sampleOf(r)
	s.rate = rate
	return s, nil
}

// parseIperf finds what came in, in GB/s and in bytes, in the output of iperf3 -J. iperf3 stops once everything is
// written to the socket and does not count what is still in flight then.
func parseIperf(text string) (rate float64, bytes uint64, err error) {
	var said struct {
		Error string
		End   struct {
			Received struct {
				Bytes uint64
				Rate  float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
	}
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&said); err != nil {
		return 0, 0, fmt.Errorf("iperf3 said %.100q: %w", text, err)
	}
	if said.Error != "" {
		return 0, 0, fmt.Errorf("iperf3: %s", said.Error)
	}
	got := said.End.Received
	if got.Bytes == 0 || got.Rate <= 0 {
		return 0, 0, errors.New("iperf3 received nothing")
	}
	return got.Rate / 8 / 1e9, got.Bytes, nil
}
