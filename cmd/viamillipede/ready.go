package main

import (
	"fmt"
	"syscall"

	"viamillipede/cmd/viamillipede/internal/notify"
	"viamillipede/engine"
	"viamillipede/netio/dial"
)

// awaited are the keywords for those that wait until the program is ready.
func awaited() []keyword {
	return []keyword{
		{
			name: "ready",
			args: []argument{mark(func(inv *invocation, word string) { inv.ready = word })},
			gist: "write the port to FILE once links are taken there",
			more: `
For an end that listens. FILE gets the number and a newline; it is renamed into place,
so it is never half written. An old one is removed at the start, and this one at the
end. fd:N is a descriptor that the program was started with, 3 or more; it is closed
when the number is written. See also rx 0, for which the kernel chooses the port.`,
		},
	}
}

// mark is a file or a descriptor that gets the port.
func mark(set func(*invocation, string)) argument {
	return argument{
		name: "FILE|fd:N", want: "a file, or fd:N with a descriptor from 3", literal: true,
		set: func(inv *invocation, word string) bool {
			set(inv, word)
			_, is, ok := notify.ParseFD(word)
			return namesFile(word) && is == ok
		},
	}
}

// completeReady checks that there is something to be ready for.
func (inv *invocation) completeReady() error {
	if inv.ready != "" && inv.listening() == nil {
		return usageError("ready: is for an end that listens")
	}
	if inv.twoPorts() && (inv.ready != "" || inv.rx.port == 0 || inv.tx.port == 0) {
		return usageError("rx and tx listen on two ports: port 0 and ready are for one")
	}
	return nil
}

// twoPorts reports whether both ends listen, each on a port of its own.
func (inv *invocation) twoPorts() bool {
	return inv.rx.listens > 0 && inv.tx.listens > 0 && inv.rx.port != inv.tx.port
}

// openHerald reads what a service manager has put into the environment, and opens the mark. The error is an *engine.Error.
func (inv *invocation) openHerald() (*herald, error) {
	env, err := notify.Take()
	if err != nil {
		return nil, &engine.Error{Status: engine.StatusUsage, Reason: err.Error()}
	}
	if err := inv.inherit(env.Passed); err != nil {
		return nil, err
	}
	h := &herald{signs: env.Watchdog, main: env.Main, sides: map[*side]*standing{}}
	if d := inv.listening(); d != nil {
		h.chosen = d.port == 0
	}
	if h.mark, err = notify.OpenMark(inv.ready); err != nil {
		return nil, &engine.Error{Status: engine.StatusUsage, Reason: "ready: " + err.Error()}
	}
	h.manager = notify.NewManager(env.Socket, func(err error) { say(ownPrefix, err.Error()) })
	return h, nil
}

// inherit has the end that listens use sockets that were passed, if there are any.
func (inv *invocation) inherit(passed []dial.Passed) error {
	if len(passed) == 0 {
		return inv.choosePort()
	}
	d := inv.listening()
	if d == nil {
		for _, p := range passed {
			syscall.CloseOnExec(p.FD)
		}
		say(ownPrefix, "the sockets that were passed (LISTEN_FDS) are not used: no end listens")
		return nil
	}
	unfit := func(why string) error {
		return &engine.Error{Status: engine.StatusConnect, Reason: "cannot listen at what was passed (LISTEN_FDS): " + why}
	}
	sockets, err := dial.Inherit(passed)
	switch {
	case err != nil:
		return unfit(err.Error())
	case inv.twoPorts():
		return unfit("rx and tx ask for two ports, and one was passed")
	case d.given && d.port != 0 && d.port != sockets.Port():
		return unfit(fmt.Sprintf("%v listens on port %d, and port %d is asked for", passed[0], sockets.Port(), d.port))
	case !sockets.At(inv.options.Bind):
		return unfit(fmt.Sprintf("not all of it is bound to %v, for which bind asks", inv.options.Bind))
	}
	inv.options.Inherited = sockets
	return nil
}
