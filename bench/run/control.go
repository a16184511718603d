package run

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/wire"
)

// The control connection. Each end sends a hello, and then messages:
//
//	hello    0 magic F8 "VMBENCH"    8 version u16    10 zero [6]
//	message  0 length u32            4 one JSON object of so many bytes
//
// Numbers are little-endian. The magic begins with a byte that begins no hello or welcome of a stream, and no text.
const (
	controlMagic   = "\xf8VMBENCH"
	controlVersion = 1
	helloLen       = 16

	// messageMost bounds a message, in bytes: a report about 64 links takes less than 64 KiB.
	messageMost = 1 << 20
)

// Bounds on waiting for the other end.
const (
	helloTime = 5 * time.Second  // for a hello, and for the first message after it
	replyTime = 30 * time.Second // for an answer, and for a report after the end of a stream
	talkTime  = 10 * time.Second // for a message to be taken by the kernel
)

// Errors of a peer.
var (
	errNoBench  = errors.New("no viamillipede bench")
	errReceiver = errors.New("a viamillipede receiver, not a bench")
	errSender   = errors.New("a viamillipede sender, not a bench")
	errVersion  = errors.New("another version of the bench")
	errMessage  = errors.New("a message that makes no sense")
	errUnsaid   = errors.New("closed without a word")
)

func appendHello(dst []byte) []byte {
	dst = append(dst, controlMagic...)
	dst = binary.LittleEndian.AppendUint16(dst, controlVersion)
	return append(dst, make([]byte, helloLen-len(controlMagic)-2)...)
}

// readHello reads a hello and not a byte more. It gives up at the first byte that cannot belong to one, and recognises
// the ends of a stream: errSender, errReceiver. Other errors: errUnsaid, errNoBench, errVersion.
func readHello(r io.Reader) error {
	var b [helloLen]byte
	for n := 0; n < len(b); {
		m, err := r.Read(b[n : n+1]) // a stranger may send less than a hello and wait
		n += m
		if m == 0 && err != nil {
			if n == 0 && err == io.EOF {
				return errUnsaid
			}
			return fmt.Errorf("%w: %d bytes of a hello: %w", errNoBench, n, err)
		}
		if n <= len(controlMagic) && b[n-1] != controlMagic[n-1] {
			return stranger(b[:n])
		}
	}
	if v := binary.LittleEndian.Uint16(b[len(controlMagic):]); v != controlVersion {
		return fmt.Errorf("%w: %d, expected %d", errVersion, v, controlVersion)
	}
	return nil
}

// stranger says who begins with these bytes.
func stranger(b []byte) error {
	if len(b) == 1 {
		if _, err := wire.ParseHello(b); errors.Is(err, wire.ErrShort) {
			return errSender
		}
		if _, err := wire.ParseWelcome(b); errors.Is(err, wire.ErrShort) {
			return errReceiver
		}
	}
	return errNoBench
}

// turnAway answers a sender in the stream's protocol, so that it learns what it has met and does not dial for ever. The
// first byte of its hello has already been read.
func turnAway(c net.Conn) {
	var b [wire.HelloLen]byte
	b[0] = wire.Hello{}.Append(nil)[0]
	if _, err := io.ReadFull(c, b[1:]); err != nil {
		return
	}
	h, err := wire.ParseHello(b[:])
	if err != nil {
		return
	}
	w := wire.Welcome{Version: wire.Version, Verdict: wire.VerdictMeasures, Stream: h.Stream, MaxLeg: wire.MaxLeg}
	_, _ = c.Write(w.Append(nil))
}

// writeMessage writes one message.
func writeMessage(w io.Writer, m message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if len(text) > messageMost {
		return fmt.Errorf("a message of %d bytes, expected %d at most", len(text), messageMost)
	}
	_, err = w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

// readMessage reads one message. io.EOF: the connection ended between two messages; errMessage: the peer sent a bad one.
func readMessage(r io.Reader) (message, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return message{}, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n > messageMost {
		return message{}, fmt.Errorf("%w: %d bytes, expected %d at most", errMessage, n, messageMost)
	}
	text, err := io.ReadAll(io.LimitReader(r, int64(n))) // grows with what comes
	if err != nil {
		return message{}, err
	}
	if len(text) < int(n) {
		return message{}, io.ErrUnexpectedEOF
	}
	return parseMessage(text)
}

// statusOf is the exit status for a peer that did not send a hello.
func statusOf(err error) engine.Status {
	for _, refused := range []error{errReceiver, errSender, errNoBench, errUnsaid, errVersion, errMessage} {
		if errors.Is(err, refused) {
			return engine.StatusRefused
		}
	}
	return engine.StatusConnect
}
