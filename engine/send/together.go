package send

// Legs that were read together are sent one right after the other, so that what does not fill a packet can wait for the next leg. It
// leaves at the end of the round at the latest, or before another link sends.

// sendAlong sends a, then b, on a link; more says that another leg follows. It returns what stream.Conn.Send returns.
func (l *txloop) sendAlong(k *txlink, a, b []byte, more bool) (int, error) {
	if l.waits != nil && l.waits != k {
		l.push()
	}
	if !more {
		l.waits = nil
		return k.Conn.Send(a, b)
	}
	l.waits = k
	return k.Conn.SendMore(a, b)
}

// push has what waits leave.
func (l *txloop) push() {
	if l.waits != nil && !l.waits.Gone {
		l.waits.Conn.Push()
	}
	l.waits = nil
}
