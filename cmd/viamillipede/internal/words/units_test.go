package words

import (
	"testing"
	"time"
)

func TestBytes(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 1: "1 B", 1023: "1023 B", 1024: "1.00 KiB", 1536: "1.50 KiB", 10 << 10: "10 KiB", 100 << 10: "100 KiB",
		999 << 10: "999 KiB", 1000 << 10: "0.98 MiB", 1 << 20: "1.00 MiB", 12345678: "11.77 MiB", 1 << 30: "1.00 GiB",
		5 << 40: "5.00 TiB", 1 << 60: "1024 PiB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d bytes: %q, want %q", n, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "0 s", 0: "0 s", 400 * time.Millisecond: "0.4 s", 2 * time.Second: "2 s", 9940 * time.Millisecond: "9.9 s",
		9960 * time.Millisecond: "10 s", 31 * time.Second: "31 s", 59600 * time.Millisecond: "1 min", time.Minute: "1 min",
		252 * time.Second: "4 min 12 s", 3599600 * time.Millisecond: "1 h", time.Hour: "1 h", 3*time.Hour + 5*time.Minute: "3 h 5 min",
		24*time.Hour - time.Second: "1 d", 52 * time.Hour: "2 d 4 h",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
}
