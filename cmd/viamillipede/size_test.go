package main

import (
	"math"
	"testing"
)

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		word string
		want int64
	}{
		{"0", 0}, {"1", 1}, {"4096", 4096}, {"4k", 4 << 10}, {"4K", 4 << 10}, {"1m", 1 << 20}, {"256M", 256 << 20},
		{"64g", 64 << 30}, {"64G", 64 << 30}, {"007", 7}, {"9223372036854775807", math.MaxInt64},
		{"8589934591G", 8589934591 << 30}, {"1MiB", 1 << 20}, {"64KiB", 64 << 10}, {"64kiB", 64 << 10},
	} {
		if got, ok := parseSize(c.word); !ok || got != c.want {
			t.Errorf("parseSize(%q) = %d, %t, want %d", c.word, got, ok, c.want)
		}
	}
}

func TestParseSizeRefuses(t *testing.T) {
	for _, word := range []string{
		"", "k", "M", "-1", "+1", "1.5G", "1 M", "1KB", "1kk", "1T", "0x10", "1_000", "1e6", "٣", "9223372036854775808",
		"8589934592G", "99999999999999999999M", "1iB", "iB", "MiB", "1MiBs", "1Mib", "1MB",
	} {
		if got, ok := parseSize(word); ok {
			t.Errorf("parseSize(%q) = %d, want a refusal", word, got)
		}
	}
}

func TestSizeTextIsReadBack(t *testing.T) {
	for _, c := range []struct {
		bytes int64
		want  string
	}{{0, "0"}, {1, "1"}, {1023, "1023"}, {1 << 10, "1K"}, {3 << 19, "1536K"}, {1 << 20, "1M"}, {64 << 30, "64G"}} {
		if got := sizeText(c.bytes); got != c.want {
			t.Errorf("sizeText(%d) = %q, want %q", c.bytes, got, c.want)
		}
		if got, ok := parseSize(sizeText(c.bytes)); !ok || got != c.bytes {
			t.Errorf("%d bytes come back as %d, %t", c.bytes, got, ok)
		}
	}
}

// TestBinarySize: a unit that may mean a power of ten is answered by the one that is meant here.
func TestBinarySize(t *testing.T) {
	for word, want := range map[string]string{
		"1MB": "1M", "64kB": "64k", "2Gb": "2G", "1M": "", "1MiB": "", "B": "", "4096B": "", "MB": "", "1MBB": "", "x": "", "": "",
	} {
		if got := binarySize(word); got != want {
			t.Errorf("binarySize(%q) = %q, want %q", word, got, want)
		}
	}
}
