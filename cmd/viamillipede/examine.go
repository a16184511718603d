package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"

	"viamillipede/cmd/viamillipede/internal/doctor"
	"viamillipede/engine"
	"viamillipede/netio/dial"
)

// resolveTime bounds the wait for a name server.
const resolveTime = 10 * time.Second

// examine looks at this machine, along the way that links to the host would take. The error is that of a host without an
// address, an *engine.Error of engine.StatusConnect.
func (inv *invocation) examine() (doctor.Report, error) {
	c := doctor.Config{Root: "/", Kernel: doctor.This, Host: inv.patient}
	device := dial.DefaultDevice
	if inv.patient != "" {
		to, err := resolve(inv.patient)
		if err != nil {
			return doctor.Report{}, err
		}
		device = func() (string, error) { return dial.RouteDevice(to) }
	}
	c.Device, c.NoRoute = device()
	return doctor.Look(c), nil
}

// resolve gives the address that a link to the host would try first.
func resolve(host string) (netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), resolveTime)
	defer cancel()
	all, err := dial.Resolve(ctx, host, netip.Addr{})
	if err != nil {
		return netip.Addr{}, &engine.Error{
			Status: engine.StatusConnect, Reason: fmt.Sprintf("doctor: no address of %s is known", host), Err: err,
		}
	}
	return all[0], nil
}

func (inv *invocation) writeReport(w io.Writer, r doctor.Report) error {
	if inv.json {
		return r.WriteJSON(w)
	}
	return r.WriteText(w)
}
