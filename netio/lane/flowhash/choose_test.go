package flowhash

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// modulo puts a port on the lane of its remainder.
func modulo(lanes int) func(uint16) (int, bool) {
	return func(port uint16) (int, bool) { return int(port) % lanes, true }
}

func TestBalanceGoesFromLaneToLane(t *testing.T) {
	choice := Choice{Lanes: 3, Flows: 7, Prefer: PortRange{40000, 40010}, Avoid: []PortRange{{40001, 40002}, {40005, 40005}}}
	// Lanes by remainder: 40000 is 1, 40003 is 1, 40004 is 2, 40006 is 1, 40007 is 2, 40008 is 0, 40009 is 1, 40010 is 2.
	// Lane 0 gets a second port from 1024 on, and that of a third round too: 1026, 1029.
	ports, err := choice.Balance(modulo(3))
	want := []uint16{40008, 40000, 40004, 1026, 40003, 40007, 1029}
	if err != nil || !slices.Equal(ports, want) {
		t.Errorf("%v, %v, expected %v", ports, err, want)
	}
}

func TestBalancePrefersLinuxsRange(t *testing.T) {
	ports, err := Choice{Lanes: 2, Flows: 4}.Balance(modulo(2))
	if want := []uint16{32768, 32769, 32770, 32771}; err != nil || !slices.Equal(ports, want) {
		t.Errorf("%v, %v, expected %v", ports, err, want)
	}
}

func TestBalanceFails(t *testing.T) {
	var short *LaneShort
	_, err := Choice{Lanes: 4, Flows: 8}.Balance(modulo(3))
	if !errors.As(err, &short) || *short != (LaneShort{Lane: 3, Found: 0, Wanted: 1}) || err.Error() != "no source port leads to lane 3" {
		t.Errorf("no way to lane 3: %v", err)
	}
	_, err = Choice{Lanes: 2, Flows: 6}.Observed(map[uint16]int{1: 0, 2: 0, 3: 0, 4: 1, 5: 1})
	if !errors.As(err, &short) || *short != (LaneShort{Lane: 1, Found: 2, Wanted: 3}) || err.Error() != "2 source ports lead to lane 1, 3 are needed" {
		t.Errorf("two ports for three flows: %v", err)
	}
	// Ports do not count in layer 2: a bond with one lane for all of them.
	bond := Bond{Mode: XOR, Policy: Layer2, Slaves: []Slave{{Active: true, Up: true}, {Active: true, Up: true}}}
	if _, err = (Choice{Lanes: 2, Flows: 2}).Balance(lanesOf(bond, v4)); !errors.As(err, &short) || short.Found != 0 {
		t.Errorf("layer2: %v", err)
	}
	if _, err = (Choice{Lanes: 2, Flows: 2}).Balance(lanesOf(Bond{}, v4)); !errors.Is(err, errUnknown) {
		t.Errorf("no formula: %v", err)
	}
	if _, err = (Choice{Lanes: 2, Flows: 2}).Balance(modulo(5)); err == nil || !strings.Contains(err.Error(), "there are 2 lanes") {
		t.Errorf("a lane too many: %v", err)
	}
	for _, wish := range []Choice{{}, {Lanes: 1}, {Flows: 1}, {Lanes: 1, Flows: 65536}, {Lanes: -1, Flows: 1}} {
		if _, err := wish.Balance(modulo(1)); err == nil {
			t.Errorf("%+v: no error", wish)
		}
	}
}

func TestBalanceWithFewerFlowsThanLanes(t *testing.T) {
	ports, err := Choice{Lanes: 8, Flows: 3}.Observed(map[uint16]int{40000: 7, 40001: 7, 40002: 2, 40003: 5})
	if want := []uint16{40002, 40003, 40000}; err != nil || !slices.Equal(ports, want) {
		t.Errorf("%v, %v, expected %v", ports, err, want)
	}
}

// from gives the same flow from another source port.
func (f Flow) from(port uint16) Flow {
	f.Src = netip.AddrPortFrom(f.Src.Addr(), port)
	return f
}

// lanesOf gives the lanes of a flow from any port, by a Bond or an RSS.
func lanesOf(by interface {
	Lane(Flow) (lane int, known bool)
}, f Flow) func(port uint16) (lane int, known bool) {
	return func(port uint16) (int, bool) { return by.Lane(f.from(port)) }
}

// countsOf gives the ports of each lane.
func countsOf(ports []uint16, lanes int, laneOf func(port uint16) (lane int, known bool)) []int {
	counts := make([]int, lanes)
	for _, port := range ports {
		if lane, known := laneOf(port); known {
			counts[lane]++
		}
	}
	return counts
}

// even fails unless the counts differ by one at most.
func even(t *rapid.T, counts []int) {
	if slices.Max(counts)-slices.Min(counts) > 1 {
		t.Fatalf("flows by lane: %v", counts)
	}
}

// The result of a wish is as long as asked, without repetition, without avoided ports, even at every length, and the same again.
func checkChoice(t *rapid.T, choice Choice, candidates func(uint16) (int, bool)) {
	ports, err := choice.Balance(candidates)
	if err != nil {
		t.Fatal(err)
	}
	if len(ports) != choice.Flows {
		t.Fatalf("%d ports, expected %d", len(ports), choice.Flows)
	}
	seen := map[uint16]bool{}
	for i, port := range ports {
		if seen[port] || choice.avoids(port) || port < 1024 {
			t.Fatalf("port %d twice, avoided or privileged", port)
		}
		seen[port] = true
		even(t, countsOf(ports[:i+1], choice.Lanes, candidates))
	}
	if again, err := choice.Balance(candidates); err != nil || !slices.Equal(again, ports) {
		t.Fatalf("another choice the second time: %v, %v", again, err)
	}
}

func TestBalanceOfBonds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bond := Bond{Mode: LACP, Policy: Layer34, Slaves: make([]Slave, rapid.IntRange(1, 8).Draw(t, "slaves"))}
		for i := range bond.Slaves {
			bond.Slaves[i].Active, bond.Slaves[i].Up = true, true
		}
		choice := Choice{
			Lanes: len(bond.Slaves),
			Flows: rapid.IntRange(1, 64).Draw(t, "flows"),
			Avoid: []PortRange{{32770, 32775}, {40000, 50000}},
		}
		checkChoice(t, choice, lanesOf(bond, flows().Draw(t, "flow")))
	})
}

func TestBalanceOfQueues(t *testing.T) {
	rss := suite(t)
	for i := range 128 {
		rss.Table = append(rss.Table, uint32(i%12)) // as drivers fill it: 128 is no multiple of 12
	}
	rapid.Check(t, func(t *rapid.T) {
		choice := Choice{Lanes: 12, Flows: rapid.IntRange(1, 64).Draw(t, "flows")}
		checkChoice(t, choice, lanesOf(rss, flows().Draw(t, "flow")))
	})
}

func TestObservedTakesWhatWasSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lanes := rapid.IntRange(1, 6).Draw(t, "lanes")
		seen := rapid.MapOf(rapid.Uint16Min(1), rapid.IntRange(0, lanes-1)).Draw(t, "seen")
		counts := make([]int, lanes)
		for _, lane := range seen {
			counts[lane]++
		}
		choice := Choice{Lanes: lanes, Flows: rapid.IntRange(1, 24).Draw(t, "flows")}
		ports, err := choice.Observed(seen)
		// What is possible: every lane has the lower share, and enough lanes have one more.
		more, possible := 0, true
		for _, n := range counts {
			possible = possible && n >= choice.Flows/lanes
			if n > choice.Flows/lanes {
				more++
			}
		}
		possible = possible && more >= choice.Flows%lanes
		if possible != (err == nil) {
			t.Fatalf("possible: %t, error %v", possible, err)
		}
		if err == nil {
			even(t, countsOf(ports, lanes, func(port uint16) (int, bool) { lane, ok := seen[port]; return lane, ok }))
		}
	})
}

func TestParseReserved(t *testing.T) {
	ranges, err := ParseReserved("8080,9148,20000-20010\n")
	if want := []PortRange{{8080, 8080}, {9148, 9148}, {20000, 20010}}; err != nil || !slices.Equal(ranges, want) {
		t.Errorf("%v, %v, expected %v", ranges, err, want)
	}
	if ranges, err := ParseReserved("\n"); err != nil || ranges != nil {
		t.Errorf("nothing: %v, %v", ranges, err)
	}
	for _, text := range []string{",", "1,", "65536", "2-1", "1-2-3", "-", "a", "-1", "1 2"} {
		if ranges, err := ParseReserved(text); err == nil {
			t.Errorf("%q: %v, expected an error", text, ranges)
		}
	}
}

func TestParseEphemeral(t *testing.T) {
	if r, err := ParseEphemeral("32768\t60999\n"); err != nil || r != ephemeral {
		t.Errorf("%v, %v", r, err)
	}
	for _, text := range []string{"", "1", "2 1", "1 2 3", "1 70000", "a b"} {
		if r, err := ParseEphemeral(text); err == nil {
			t.Errorf("%q: %v, expected an error", text, r)
		}
	}
}

func FuzzParseReserved(f *testing.F) {
	for _, seed := range []string{"", "8080,9148,20000-20010", "1-65535", "65535", ",", "2-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ranges, err := ParseReserved(text)
		if err != nil {
			return
		}
		for _, r := range ranges {
			if r.First > r.Last {
				t.Fatalf("%q has the range %v", text, r)
			}
		}
	})
}

// The whole of it: 16 ports for 8 queues, from the key to the result.
func BenchmarkBalance(b *testing.B) {
	rss := suite(b, 0, 1, 2, 3, 4, 5, 6, 7)
	flow := Flow{Src: netip.MustParseAddrPort("192.168.9.1:0"), Dst: netip.MustParseAddrPort("192.168.9.2:8834")}
	for b.Loop() {
		if _, err := (Choice{Lanes: 8, Flows: 16}).Balance(lanesOf(rss, flow)); err != nil {
			b.Fatal(err)
		}
	}
}
