// Paths draws what the lab's tests record: what each path sent over time and what came out at the consumer, with events
// marked.
//
//	VIAMILLIPEDE_SAMPLES=/tmp/samples make lab LAB=Degrade
//	go run ./tools/paths /tmp/samples/*.csv
//
// It writes an SVG beside each file; with -png, a PNG too.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	png := flag.Bool("png", false, "write a PNG too")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "paths: name the files that a test wrote into $VIAMILLIPEDE_SAMPLES")
		os.Exit(2)
	}
	for _, file := range flag.Args() {
		if err := drawFile(file, *png); err != nil {
			fmt.Fprintf(os.Stderr, "paths: %s: %v\n", file, err)
			os.Exit(1)
		}
	}
}

// drawFile writes the pictures of one file beside it.
func drawFile(file string, png bool) error {
	r, err := readFile(file)
	if err != nil {
		return err
	}
	stem := strings.TrimSuffix(file, filepath.Ext(file))
	formats := []string{"svg"}
	if png {
		formats = append(formats, "png")
	}
	for _, format := range formats {
		name := stem + "." + format
		if err := r.writeFile(name, filepath.Base(stem), format); err != nil {
			return err
		}
		fmt.Println(name)
	}
	return nil
}

func (r record) writeFile(name, title, format string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(r.write(file, title, format), file.Close())
}
