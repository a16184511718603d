package netio

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// suspending has this test binary do what TestSuspend looks at.
const suspending = "VIAMILLIPEDE_TEST_SUSPEND"

// TestSuspend: a process that hears of SIGTSTP stops by it all the same, as often as it comes.
func TestSuspend(t *testing.T) {
	if os.Getenv(suspending) != "" {
		suspendTwice()
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestSuspend$")
	child.Env = append(os.Environ(), suspending+"=1")
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL} // a job of this process
	child.Stderr = os.Stderr
	ready, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := ready.Read(make([]byte, 1)); err != nil { // it hears of the signal from now on
			t.Fatal(err)
		}
		if err := child.Process.Signal(unix.SIGTSTP); err != nil {
			t.Fatal(err)
		}
		var s unix.WaitStatus
		if _, err := unix.Wait4(child.Process.Pid, &s, unix.WUNTRACED, nil); err != nil || !s.Stopped() {
			t.Fatalf("it is not stopped: %v, %v", s, err)
		}
		if err := child.Process.Signal(unix.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

func suspendTwice() {
	heard := make(chan os.Signal, 10)
	signal.Notify(heard, syscall.SIGTSTP)
	for range 2 {
		os.Stdout.WriteString("!")
		<-heard
		if err := Suspend(); err != nil {
			os.Exit(1)
		}
	}
	os.Exit(0)
}
