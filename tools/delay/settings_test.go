package main

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"testing"
	"time"
)

// good is a command line with nothing wrong, and words after it.
func good(words ...string) []string {
	return slices.Concat(strings.Fields("-a one -b two -addr-a 198.18.3.1/24 -addr-b 198.18.3.2/24"), words)
}

func TestParse(t *testing.T) {
	set, err := parse(good(strings.Fields(
		"-name p3 -delay 20ms -jitter 2ms -loss 0.01 -rate 25M -queue 64k -mtu 9000 -seed 7 -for 5s -reorder")...))
	if err != nil {
		t.Fatal(err)
	}
	want := settings{
		ends: [2]end{{"one", "198.18.3.1/24"}, {"two", "198.18.3.2/24"}},
		name: "p3", mtu: 9000, seed: 7, life: 5 * time.Second,
		shape: shape{delay: 20 * ms, jitter: 2 * ms, reorder: true, loss: 0.01, rate: 25 << 20, queue: 64 << 10},
	}
	if set != want {
		t.Errorf("got  %+v\nwant %+v", set, want)
	}
}

func TestWrongCommandLines(t *testing.T) {
	for _, c := range []struct {
		words string
		want  string
	}{
		{"more", `"more" is not a flag`},
		{"-a=", "-a and -b"},
		{"-addr-b=", "-addr-a and -addr-b"},
		{"-mtu 67", "-mtu 67"},
		{"-for 0", "-for 0s"},
		{"-delay -1ms", "negative"},
		{"-delay 1ms -jitter 2ms", "-jitter 2ms is more"},
		{"-loss 1.5", "-loss 1.5"},
		{"-loss NaN", "-loss NaN"},
		{"-rate 1M -queue 1k", "-queue 1024"},
		{"-rate -1", "not a number of bytes"},
		{"-rate 1T", "not a number of bytes"},
		{"-rate 9999999999G", "not a number of bytes"},
		{"-nothing", "not defined"},
	} {
		_, err := parse(good(strings.Fields(c.words)...))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", c.words, err, c.want)
		}
	}
	if _, err := parse([]string{"-h"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
	if text := usage(); !strings.Contains(text, "-delay") {
		t.Errorf("usage says %q", text)
	}
}
