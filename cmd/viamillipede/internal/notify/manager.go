package notify

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// What a manager is told, beside STATUS and MAINPID.
const (
	Ready    = "READY=1"
	Stopping = "STOPPING=1"
	Alive    = "WATCHDOG=1"
)

// sendMost bounds how long a message may wait for the manager to take it.
const sendMost = time.Second

// Manager tells a service manager how the program is doing (sd_notify(3)). A nil Manager tells nobody. Its methods may be called from
// any goroutine, and none but Close waits.
type Manager struct {
	socket string
	failed func(error)   // hears of the first message that could not be sent
	more   chan struct{} // there is something to say, or Close was called
	gone   chan struct{} // closed when nothing more is sent

	mu     sync.Mutex
	unsaid []string // assignments in the order in which they became true, one for each variable
	closed bool
}

// NewManager starts to send messages to that socket; nil where there is none. failed is called once, from another goroutine, if the
// manager cannot be told.
func NewManager(socket string, failed func(error)) *Manager {
	if socket == "" {
		return nil
	}
	m := &Manager{socket: socket, failed: failed, more: make(chan struct{}, 1), gone: make(chan struct{})}
	go m.send()
	return m
}

// Tell sends assignments such as READY=1. What is still unsaid is replaced by a later word on the same variable.
func (m *Manager) Tell(assignments ...string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range assignments {
		name, value, _ := strings.Cut(a, "=")
		m.unsaid = slices.DeleteFunc(m.unsaid, func(old string) bool { return strings.HasPrefix(old, name+"=") })
		m.unsaid = append(m.unsaid, name+"="+strings.Join(strings.FieldsFunc(value, isNewline), " "))
	}
	m.wake()
}

func isNewline(r rune) bool { return r == '\n' || r == '\r' }

// wake has the goroutine look. Under mu.
func (m *Manager) wake() {
	select {
	case m.more <- struct{}{}:
	default:
	}
}

// Close returns when everything is sent, or could not be.
func (m *Manager) Close() {
	if m == nil {
		return
	}
	m.mu.Lock()
	m.closed = true
	m.wake()
	m.mu.Unlock()
	<-m.gone
}

// send sends what is unsaid, until Close.
func (m *Manager) send() {
	defer close(m.gone)
	told := false
	for range m.more {
		m.mu.Lock()
		text, closed := strings.Join(m.unsaid, "\n"), m.closed
		m.unsaid = nil
		m.mu.Unlock()
		if text != "" {
			if err := m.datagram(text); err != nil && !told {
				told = true
				m.failed(fmt.Errorf("cannot tell the service manager (NOTIFY_SOCKET): %w", err))
			}
		}
		if closed {
			return
		}
	}
}

// datagram sends one message. The socket is opened for it alone: a manager that was started again has another one of the same name.
func (m *Manager) datagram(text string) error {
	if m.socket[0] != '/' && m.socket[0] != '@' {
		return fmt.Errorf("%q is neither a path nor the name of an abstract socket", m.socket)
	}
	// Go takes @ as sd_notify(3) does: for an abstract socket.
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Net: "unixgram", Name: m.socket})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetWriteDeadline(time.Now().Add(sendMost)); err != nil {
		return err
	}
	_, err = c.Write([]byte(text))
	return err
}
