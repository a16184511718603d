package main

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

const sample = `seconds,consumer,path 1,path 2,event
0.000,0,0,0,
0.100,5000000,3000000,2000000,
0.150,,,,path 2: all packets lost
0.200,8000000,6000000,2000000,
`

func TestRatesOfARecord(t *testing.T) {
	r, err := read(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float64{{50, 30}, {30, 30}, {20, 0}} {
		for j, rate := range want {
			if got := r.lines[i].at[j].Y; math.Abs(got-rate) > 1e-9 {
				t.Errorf("%s, interval %d: %v MB/s, want %v", r.lines[i].name, j, got, rate)
			}
		}
	}
	if len(r.events) != 1 || r.events[0] != (event{0.15, "path 2: all packets lost"}) {
		t.Errorf("events %v", r.events)
	}
}

func TestPictures(t *testing.T) {
	r, err := read(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	for format, want := range map[string]string{"svg": "path 2: all packets lost", "png": "PNG"} {
		var b bytes.Buffer
		if err := r.write(&b, "a title", format); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %v, %d bytes without %q", format, err, b.Len(), want)
		}
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	for _, text := range []string{"", "a,b,c,d\n", "seconds,consumer,path 1,event\n0.1,0,0,\n", "seconds,consumer,path 1,event\nx,0,0,\n",
		"seconds,consumer,path 1,event\n0.1,0\n"} {
		if _, err := read(strings.NewReader(text)); err == nil {
			t.Errorf("read %q", text)
		}
	}
}
