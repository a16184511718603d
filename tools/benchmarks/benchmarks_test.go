package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"viamillipede/tools/internal/marked"
	"viamillipede/tools/internal/record"
)

// fixture has the rows that the plots and tables need, but some, as on a machine without them.
func fixture() record.Record {
	found := record.Record{Header: "- machine: one\n- kernel: 6.1\n- ssh: absent, no server: refused\n", Goals: "| a | met |\n| b | **missed** |\n| c | met |\n", Table: "| row |\n|---|\n| limit |\n", Lost: []string{"**lost**: `threads 16`: `limit`"}}
	for name, rate := range map[string]float64{
		"limit": 3.3, "local pipe": 3.4, "threads 16": 3.2, "threads 4": 3.3, "threads 1": 3.6,
		"socat": 2, "mbuffer": 1.8, "nc": 1.4, "iperf3": 3.7, "leg 16k": 0.7,
	} {
		found.Rows = append(found.Rows, record.Row{Name: name, Unit: "GB/s", Values: []float64{rate, rate * 0.9, rate * 1.1},
			TX: []float64{0.16, 0.18, 0.17}, RX: []float64{0.09, 0.1, 0.08}, Machine: []float64{0.6, 0.5, 0.7}})
	}
	found.Rows = append(found.Rows, record.Row{Name: "ssh", Unit: "GB/s"}) // it failed
	return found
}

// The plots are drawn with what there is, and without anything. To look at them: go test ./tools/benchmarks -run Pictures -artifacts
func TestPictures(t *testing.T) {
	for _, d := range drawings() {
		for _, format := range []string{"svg", "png"} {
			name := filepath.Join(t.ArtifactDir(), d.name+"."+format)
			if err := d.write(name, format, fixture()); err != nil {
				t.Fatal(err)
			}
			if st, err := os.Stat(name); err != nil || st.Size() == 0 {
				t.Errorf("%s: %v", d.name, err)
			}
		}
		var none bytes.Buffer
		if err := d.draw(&none, "svg", record.Record{}); err != nil {
			t.Errorf("%s without figures: %v", d.name, err)
		}
	}
}

func TestWordsOfPictures(t *testing.T) {
	for name, want := range map[string][]string{
		"peers": {"viamillipede, threads 16", "bare relay", "GB/s at the consumer", ">3.70<"},
	} {
		var b bytes.Buffer
		for _, d := range drawings() {
			if d.name != name {
				continue
			}
			if err := d.draw(&b, "svg", fixture()); err != nil {
				t.Fatal(err)
			}
		}
		for _, text := range want {
			if !strings.Contains(b.String(), text) {
				t.Errorf("%s: no %q", name, text)
			}
		}
		if strings.Contains(b.String(), "ssh") {
			t.Errorf("%s: a row without figures is drawn", name)
		}
	}
}

func TestBarsAreInOrder(t *testing.T) {
	all := bars(fixture())
	if len(all) != 8 || all[0].name != "nc" || all[7].row != "iperf3" {
		t.Errorf("%+v", all)
	}
}

func TestProjection(t *testing.T) {
	got := projection(fixture())
	for _, want := range []string{
		" 100G, 11.64 GiB/s |\n", "| pipe to pipe | threads 16 | 0.17 | 0.09 | 0.2 + 0.1 | 0.5 + 0.3 | 0.8 + 0.4 | 2.0 + 1.0 |\n",
		"| pipe to pipe, `checksum` | checksum | no figure |  |  |  |  |  |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if got := expect(fixture()); !strings.Contains(got, "| 100G | 12.5 | 2.0 | 1.0 | 7.0 |\n") {
		t.Error(got)
	}
	if got := lost(nil); !strings.Contains(got, "Nothing") {
		t.Error(got)
	}
}

// The first table shows what there is, and says how sure it is and what was not there.
func TestSummary(t *testing.T) {
	got := summary(fixture())
	for _, want := range []string{
		"| **viamillipede**, 16 links | 3.2 | 2.88 to 3.52 | 0.97 | 0.26 | 0.60 |\n", "| nc | 1.4 |", "kernel 6.1, with unknown",
		"had 1.22 times its slowest rate", "2 of 3 goals were met", "Not measured: ssh (no server).\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "| ssh |") {
		t.Errorf("a row without figures:\n%s", got)
	}
	_ = summary(record.Record{})
}

// The page of this tree takes all parts, twice alike, and keeps the rest.
func TestPageTakesTheParts(t *testing.T) {
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), page)
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := marked.Check(name, partNames()...); err != nil {
		t.Fatal(err)
	}
	parts := partsOf(fixture())
	var first []byte
	for range 2 {
		if err := marked.Rewrite(name, parts); err != nil {
			t.Fatal(err)
		}
		now, _ := os.ReadFile(name)
		if first != nil && !bytes.Equal(first, now) {
			t.Error("the second time gives another page")
		}
		first = now
	}
	if !strings.Contains(string(first), "\n- ssh: absent, no server: refused\n\n| row |\n") {
		t.Error("the page does not have what was measured")
	}
	if err := os.WriteFile(name, bytes.Replace(text, []byte("<!-- end -->"), []byte("<!-- ende -->"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := marked.Check(name, partNames()...); err == nil {
		t.Error("a page with a broken marker fits")
	}
}

// Every plot is shown by the page.
func TestPageShowsThePictures(t *testing.T) {
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range drawings() {
		file := pictures + "/" + d.name + ".svg"
		if !strings.Contains(string(text), "]("+file+")") {
			t.Errorf("%s is not shown", file)
		}
		if _, err := os.Stat("../../" + file); err != nil {
			t.Error(err)
		}
	}
}

const smallPage = "# By hand\n<!-- measured: speed -->\nold\n<!-- end -->\n<!-- measured: lost -->\n<!-- end -->\nkept\n" +
	"<!-- measured: queues -->\nold queues\n<!-- end -->\n<!-- measured: projection -->\n<!-- end -->\n" +
	"<!-- measured: summary -->\n<!-- end -->\n<!-- measured: expect -->\n<!-- end -->\n<!-- measured: goals -->\n<!-- end -->\n"

// stand makes a tree with a page, and stand-ins of the programs that measure: scripts.
func stand(t *testing.T, figures, queues string) programs {
	t.Helper()
	t.Chdir(t.TempDir())
	p := programs{bin: "viamillipede", dir: t.TempDir(), root: true}
	if err := fixture().Write(filepath.Join(p.dir, "fixture")); err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{"figures": figures, "queues": queues} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(page, []byte(smallPage), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

const measured = `[ "$3" = -json ] && cp "${0%/*}/fixture" "$4"`

func TestRegenerate(t *testing.T) {
	for _, c := range []struct {
		name, figures, queues string
		root, fails           bool
		want                  []string // in the page
	}{
		{"all is well", measured, "echo '| table |'", true, false, []string{"- machine: one\n", "\n| table |\n", "kept"}},
		{"not root", measured, "echo '| table |'", false, false, []string{"- machine: one\n", "\nold queues\n", "kept"}},
		{"queues fails", measured, "exit 1", true, true, []string{"- machine: one\n", "\nold queues\n", "kept"}},
		{"figures fails", "exit 1", "echo '| table |'", true, true, []string{smallPage}},
		{"figures writes nothing", "exit 0", "", true, true, []string{smallPage}},
		{"queues says a marker", measured, "echo '<!-- end -->'", true, true, []string{smallPage}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := stand(t, c.figures, c.queues)
			p.root = c.root
			if err := (settings{gib: 1, rounds: 5}).regenerate(t.Context(), p); (err != nil) != c.fails {
				t.Errorf("error %v", err)
			}
			got, _ := os.ReadFile(page)
			for _, want := range c.want {
				if !strings.Contains(string(got), want) {
					t.Errorf("no %q in:\n%s", want, got)
				}
			}
		})
	}
}

// A run that is stopped writes nothing, and what it started is stopped, too.
func TestStoppedRunWritesNothing(t *testing.T) {
	p := stand(t, measured+"; touch started; exec sleep 60", "")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- settings{gib: 1, rounds: 5}.regenerate(ctx, p) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if _, err := os.Stat("started"); err == nil {
			break
		}
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("a run that was stopped is no error")
	}
	if got, _ := os.ReadFile(page); string(got) != smallPage {
		t.Errorf("the page is now:\n%s", got)
	}
	if left, _ := os.ReadDir(pictures); len(left) != 0 {
		t.Errorf("pictures: %v", left)
	}
}
