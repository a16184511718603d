package engine_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain has as many tests at work as TestSeeds has streams, unless the command line says how many: most of them wait for a clock.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		if err := flag.Set("test.parallel", fmt.Sprint(atOnce)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
