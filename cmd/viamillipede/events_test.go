package main

import (
	"github.com/rogpeppe/go-internal/testscript"

	"viamillipede/cmd/viamillipede/internal/control/controltest"
	"viamillipede/cmd/viamillipede/internal/events/eventstest"
)

func cmdConforms(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 1)
	ts.Check(eventstest.Conforms([]byte(ts.ReadFile(args[0]))))
}

func cmdAnswers(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, 1)
	ts.Check(controltest.Conforms([]byte(ts.ReadFile(args[0]))))
}
