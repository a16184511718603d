package logs

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// journalSocket is where the journal takes datagrams (systemd, "Native Journal Protocol").
const journalSocket = "/run/systemd/journal/socket"

const (
	// journalWaits is how many lines wait for the journal; further ones are dropped.
	journalWaits = 1024
	// journalPatience bounds how long it may take for one.
	journalPatience = time.Second
)

// entry is a line for the journal.
type entry struct {
	Priority
	about
	text string
}

// journal sends lines to it. A nil journal is none.
type journal struct {
	to      *net.UnixAddr
	entries chan entry
	flushes chan chan struct{}
}

// openJournal is nil where there is none.
func openJournal() *journal { return journalAt(journalSocket) }

func journalAt(path string) *journal {
	st, err := os.Stat(path)
	if err != nil || st.Mode()&os.ModeSocket == 0 {
		return nil
	}
	j := &journal{
		to: &net.UnixAddr{Net: "unixgram", Name: path}, entries: make(chan entry, journalWaits), flushes: make(chan chan struct{}),
	}
	go j.serve()
	return j
}

// send never waits.
func (j *journal) send(e entry) {
	select {
	case j.entries <- e:
	default: // the journal is stuck
	}
}

// flush returns when all is sent, or after the given time.
func (j *journal) flush(atMost time.Duration) {
	if j == nil {
		return
	}
	late := time.NewTimer(atMost)
	defer late.Stop()
	done := make(chan struct{})
	select {
	case j.flushes <- done:
	case <-late.C:
		return
	}
	select {
	case <-done:
	case <-late.C:
	}
}

// serve sends lines for as long as the program runs.
func (j *journal) serve() {
	var conn *net.UnixConn
	for {
		select {
		case e := <-j.entries:
			conn = j.deliver(conn, e)
		case done := <-j.flushes:
			for len(j.entries) > 0 {
				conn = j.deliver(conn, <-j.entries)
			}
			close(done)
		}
	}
}

// deliver sends a line, and returns the connection for the next one; nil: there has to be a new one, since a journal that was started
// again has another socket of the same name.
func (j *journal) deliver(conn *net.UnixConn, e entry) *net.UnixConn {
	for range 2 {
		if conn == nil {
			var err error
			if conn, err = net.DialUnix("unixgram", nil, j.to); err != nil {
				return nil
			}
		}
		_ = conn.SetWriteDeadline(time.Now().Add(journalPatience))
		if _, err := conn.Write(e.datagram()); err == nil {
			return conn
		}
		conn.Close()
		conn = nil
	}
	return nil
}

// datagram is the line with its fields.
func (e entry) datagram() []byte {
	b := field(nil, "MESSAGE", e.text)
	b = field(b, "PRIORITY", fmt.Sprint(int(e.Priority)))
	b = field(b, "SYSLOG_IDENTIFIER", "viamillipede")
	if e.Stream != "" {
		b = field(b, "VIAMILLIPEDE_STREAM", e.Stream)
	}
	if e.Side != "" {
		b = field(b, "VIAMILLIPEDE_SIDE", e.Side)
	}
	return b
}

// field appends a field. A value with a newline is given with its length.
func field(b []byte, name, value string) []byte {
	b = append(b, name...)
	if !strings.Contains(value, "\n") {
		return append(append(append(b, '='), value...), '\n')
	}
	b = binary.LittleEndian.AppendUint64(append(b, '\n'), uint64(len(value)))
	return append(append(b, value...), '\n')
}

// isJournal reports whether a file is a stream to the journal, as JOURNAL_STREAM says of standard output or error (systemd.exec(5)).
func isJournal(fd int) bool {
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil {
		return false
	}
	return os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}
