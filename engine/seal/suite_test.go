package seal

import (
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

// lacksAES is set in the environment of a test that runs as on a machine without AES instructions.
const lacksAES = "SEAL_TEST_LACKS_AES"

// TestWithoutAES does the tests of handshakes and records once more as on a machine that has no AES instructions.
func TestWithoutAES(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("not known how to switch them off here")
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^(TestHandshake|TestRecordsAreTLS|TestReflected|TestChosenWithoutAES)$")
	again.Env = append(os.Environ(), "GODEBUG=cpu.aes=off", lacksAES+"=1")
	said, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(said), "--- PASS: TestChosenWithoutAES") {
		t.Errorf("%v\n%s", err, said)
	}
}

// TestChosenWithoutAES: without them, a link is sealed with ChaCha20.
func TestChosenWithoutAES(t *testing.T) {
	if os.Getenv(lacksAES) == "" {
		t.Skip("run by TestWithoutAES")
	}
	k := NewKey()
	near, far, err, farErr := pair(t, k, k)
	if err != nil || farErr != nil {
		t.Fatal(err, farErr)
	}
	want, err := chacha20poly1305.New(make([]byte, chacha20poly1305.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []*Half{near.in, near.out, far.in, far.out} {
		if reflect.TypeOf(h.aead) != reflect.TypeOf(want) {
			t.Errorf("sealed with %T", h.aead)
		}
	}
}
