package far

import (
	"os/exec"
	"strconv"
	"testing"

	"viamillipede/engine"
)

// What a stream heard is an echo, where the far end has failed: of one that had no link, or that is refused.
func TestExplain(t *testing.T) {
	for _, c := range []struct {
		code  int // with which ssh has ended
		heard engine.Status
		met   bool
		want  engine.Status
	}{
		{6, engine.StatusRefused, false, engine.StatusRemotePipe},
		{6, engine.StatusRefused, true, engine.StatusRemotePipe},
		{7, engine.StatusRefused, true, engine.StatusRemotePipe},
		{6, engine.StatusConnect, false, engine.StatusRemotePipe},
		{6, engine.StatusLost, true, engine.StatusLost},
		{6, engine.StatusLocalPipe, false, engine.StatusLocalPipe},
		{255, engine.StatusRefused, false, engine.StatusConnect},
		{255, engine.StatusRefused, true, engine.StatusRefused},
	} {
		h, ended := pair(t, Self{})
		h.ssh = exec.Command("sh", "-c", "exit "+strconv.Itoa(c.code))
		_ = h.ssh.Run()
		close(h.exited)
		if got := engine.ExitStatus(h.Explain(&engine.Error{Status: c.heard}, c.met)); got != c.want {
			t.Errorf("%+v: status %d", c, got)
		}
		h.ask.Close()
		result(t, ended)
	}
}
