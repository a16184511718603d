package crew

import "testing"

func TestHasListener(t *testing.T) {
	table := "  sl  local_address rem_address   st\n" +
		"   0: 0100007F:4E20 00000000:0000 0A 0\n   1: 0100007F:4E21 0100007F:4E20 01 0\n"
	for port, want := range map[uint16]bool{20000: true, 20001: false, 20002: false} {
		if got := hasListener(table, port); got != want {
			t.Errorf("port %d: %v", port, got)
		}
	}
}
