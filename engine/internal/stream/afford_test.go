package stream

import (
	"fmt"
	"testing"

	"viamillipede/engine/observe/observetest"
)

// With few descriptors an end does with fewer links, then without what makes it faster; and it says so where it cannot work.
func TestAfford(t *testing.T) {
	for _, c := range []struct {
		name         string
		files        int
		e            End
		loops, links int
		want         Thrift
		fails        bool
	}{
		{"no limit", 0, Sending, 8, 16, Thrift{16, pipesMost, true, MaxThreads + GuestsMost}, false},
		{"plenty", 1024, Sending, 8, 64, Thrift{64, pipesMost, true, MaxThreads + GuestsMost}, false},
		{"plenty at the receiving end", 4096, Receiving, 3, 16, Thrift{16, 3, true, MaxThreads + GuestsMost}, false},
		{"some", 250, Sending, 2, 16, Thrift{16, pipesMost, true, 0}, false},
		{"few", 60, Sending, 1, 16, Thrift{16, 5, false, 0}, false},
		{"very few", 17, Sending, 1, 16, Thrift{4, 0, false, 0}, false},
		{"one link", 10, Sending, 1, 16, Thrift{1, 0, false, 0}, false},
		{"none", 9, Sending, 1, 16, Thrift{}, true},
		{"a receiver", 100, Receiving, 1, 16, Thrift{16, 1, true, 65}, false},
		{"a receiver with very few", 11, Receiving, 1, 16, Thrift{1, 0, false, 2}, false},
	} {
		got, err := Means{Files: c.files}.Afford(c.e, c.loops, c.links)
		if c.e == Sending {
			got.Seats = c.want.Seats
		}
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%s: %+v, %v, want %+v", c.name, got, err, c.want)
		}
	}
}

// Descriptors that programs need are none of the end's; where that leaves too few, it says how many there are and have to be.
func TestAffordBesidePrograms(t *testing.T) {
	for files, want := range map[int]string{
		21: "21 more descriptors can be opened (ulimit -n), and at least 22 are needed",
		22: "",
	} {
		got, err := Means{Files: files, Aside: 12}.Afford(Sending, 1, 16)
		if said := fmt.Sprint(err); want == "" && (err != nil || got.Links != 1) || want != "" && said != want {
			t.Errorf("%d descriptors: %+v, %s", files, got, said)
		}
	}
}

// The default of the window follows what is granted; what the user asks for is cut to it, and he is told.
func TestWindowWithinMeans(t *testing.T) {
	for _, c := range []struct {
		name    string
		granted int64
		asked   int64
		want    int64
		said    bool
	}{
		{"little", 36 << 20, 0, 9 << 20, false},
		{"very little", 100 << 10, 0, MinWindow, false},
		{"asked for what fits", 36 << 20, 36 << 20, 36 << 20, false},
		{"asked for more", 36<<20 + 5, 256 << 20, 36 << 20, true},
		{"asked for little where there is less", 100 << 10, MinWindow, MinWindow, false},
		{"no limit", 0, 1 << 30, 1 << 30, false},
	} {
		var told observetest.Told
		o := Options{Window: c.asked, Leg: MaxLeg, Means: Means{Memory: c.granted}}.WithinMeans(&told)
		if o.Window != c.want || (len(told.Events) > 0) != c.said || int64(o.Leg) > o.Window && c.said {
			t.Errorf("%s: window %d, leg %d, told %v, want %d", c.name, o.Window, o.Leg, told.Events, c.want)
		}
	}
}
