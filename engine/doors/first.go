package doors

import (
	"io"
	"net"
	"time"

	"viamillipede/engine/schedule"
	"viamillipede/engine/wire1"
)

// patient asks the kernel now and then whether the host of a sender of version 1, which may be silent for as long as it likes, is still
// there. A sender's kernel gives up after some 15 minutes (tcp_retries2): nothing is lost here that TCP would have brought.
var patient = net.KeepAliveConfig{Enable: true, Idle: schedule.AliveIdle, Interval: schedule.AlivePause, Count: schedule.AliveMost}

// admitFirst has a receiver decide on a connection of version 1, which has said the phrase, and serves it until it ends, on the guest's
// goroutine. It closes the connection: with a reset where what it brought was not taken, because version 1 has no other word for that.
func (d *Doors) admitFirst(t *tenant, g *guest) error {
	c := g.c
	serve, forgo, err := t.host.(Receiving).AdmitFirst(t.ctx, c)
	if err != nil {
		return err
	}
	c.SetDeadline(time.Now().Add(d.cfg.Time.Hello))
	if _, err := io.WriteString(c, wire1.Answer); err != nil {
		forgo()
		return err
	}
	d.seats.leave(g) // it is a link now
	c.SetDeadline(time.Time{})
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetKeepAliveConfig(patient)
	}
	if t.ctx.Err() != nil {
		c.SetDeadline(time.Unix(1, 0)) // it ended while that was changed
	}
	if err := serve(); err != nil {
		reset(c)
		return err
	}
	c.Close()
	return nil
}

// reset makes the close of a connection throw away what is on its way, and tell the peer so.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
}
