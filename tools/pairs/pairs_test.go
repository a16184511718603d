package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestTable: the rates stand by row and column, with their medians, and a dash where there is none.
func TestTable(t *testing.T) {
	none := math.NaN()
	got := table([]string{"a", "host2", "c"}, [][]float64{{none, 100, 300}, {50, none, none}, {70, 20, none}})
	want := strings.Join([]string{
		"from \\ to       a   host2       c  median",
		"a               -   100.0   300.0   200.0",
		"host2        50.0       -       -    50.0",
		"c            70.0    20.0       -    45.0",
		"median       60.0    60.0   300.0    70.0", "",
	}, "\n")
	if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
}

// TestDraw: the heat map names every host and has every rate.
func TestDraw(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pairs.svg")
	if err := draw(name, []string{"hostA", "hostB"}, [][]float64{{math.NaN(), 1234}, {567, math.NaN()}}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"hostA", "hostB", "1234", "567", "</svg>"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the picture lacks %s", want)
		}
	}
}

// TestMeasure: every pair of hosts is measured, one after another; a host that is not there costs its own pairs.
func TestMeasure(t *testing.T) {
	if os.Getenv("VIAMILLIPEDE_RECIPES") == "" {
		t.Skip("run by make recipes")
	}
	program := filepath.Join(t.TempDir(), "viamillipede")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, "viamillipede/cmd/viamillipede")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	port := freePorts(t)
	set := settings{
		program: program, rx: "bind {host} dataport " + strconv.Itoa(port-1), tx: "bind {host} threads 2", contact: "30", port: port, seconds: 0.05,
		hosts: []string{"127.0.0.1", "127.0.0.2", "nosuch..host"},
	}
	rates, failed := set.measure(t.Context())
	if failed != 4 || !(rates[0][1] > 0) || !(rates[1][0] > 0) || !math.IsNaN(rates[0][0]) || !math.IsNaN(rates[2][1]) {
		t.Errorf("%v, %d failed", rates, failed)
	}
}

// freePorts finds a port that nobody listens on, nor on the one before it, below those that the kernel gives to outgoing connections: one
// of these could take it.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 10000 + rand.IntN(20000)
		one, err1 := net.Listen("tcp", fmt.Sprint(":", port-1))
		other, err2 := net.Listen("tcp", fmt.Sprint(":", port))
		if err1 == nil {
			one.Close()
		}
		if err2 == nil {
			other.Close()
		}
		if err1 == nil && err2 == nil {
			return port
		}
	}
	t.Fatal("no free ports found")
	return 0
}
