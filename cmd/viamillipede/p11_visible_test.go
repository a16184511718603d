package main_test

import (
	"syscall"
	"testing"
	"time"

	"viamillipede/netio/lab"
)

// Promise 11: every fallback is visible.

// copies is how the summary of a program that had to copy, or chose to, begins to name its way.
const copies = `engine path: copy \(read, write\): `

// countsAlone is how the line begins that says that there are no statistics by BPF.
const countsAlone = `socket statistics: TCP_INFO only: `

// TestP11Unprivileged: nothing needs root. What root alone may do is done without.
func TestP11Unprivileged(t *testing.T) {
	p := hosts(t)
	l := lab.New(t, lab.Config{})
	const size = 512 * mib // long enough for the answer on BPF to come
	s := p.start(t, l, onLoopback(setup{size: size, limit: 3 * time.Minute, credential: nobody()}))
	s.finish()
	s.says("tx", s.txSaid, copies+`no permission for the proof`)
	s.says("tx", s.txSaid, countsAlone+`no permission for BPF`)
	s.says("rx", s.rxSaid, countsAlone+`no permission for BPF`)
	s.says("rx", s.rxSaid, `engine path: splice \(socket to pipe\)`)
}

// TestP11Budget: a user whose pipes are used up by another program has pipes of two pages, and the stream is copied.
func TestP11Budget(t *testing.T) {
	p := hosts(t)
	const user = 60123 // nobody else's
	giveBack, err := lab.HoardPipes(user)
	if err != nil {
		t.Skipf("no hoard: %v", err)
	}
	defer giveBack()
	l := lab.New(t, lab.Config{})
	for _, plane := range []string{"auto", "splice"} {
		s := p.start(t, l, onLoopback(setup{
			size: 64 * mib, limit: 3 * time.Minute, words: []string{"io", plane},
			credential: &syscall.Credential{Uid: user, Gid: user},
		}))
		s.finish()
		s.says("tx", s.txSaid, copies+`.*8192 bytes, 1048576 were asked for: operation not permitted`)
	}
}

// TestP11CallsRefused: a filter that refuses what moves pages by reference changes the way of the bytes alone, and is named.
func TestP11CallsRefused(t *testing.T) {
	p := hosts(t)
	l := lab.New(t, lab.Config{})
	for _, errno := range []string{"EPERM", "ENOSYS"} {
		for _, plane := range []string{"auto", "splice"} {
			t.Run(errno+plane, func(t *testing.T) {
				s := p.start(t, l, onLoopback(setup{
					size: 64 * mib, limit: 3 * time.Minute, words: []string{"io", plane}, before: []string{p.refuse, errno},
				}))
				s.finish()
				s.says("tx", s.txSaid, copies+`.*(not permitted|not implemented)`)
				s.says("rx", s.rxSaid, copies+`splice is refused for the pipe`)
				s.says("tx", s.txSaid, countsAlone+`.*(no permission|not implemented)`)
				s.says("rx", s.rxSaid, countsAlone+`.*(no permission|not implemented)`)
			})
		}
	}
}
