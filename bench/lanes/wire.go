package lanes

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"viamillipede/engine/wire"
)

// The protocol. Every connection begins with a hello from tx, which rx answers; numbers are little-endian.
//
//	hello    0 magic F6 "VML"  4 version u16  6 kind u8  7 zero u8  8 flow u32  12 zero u32  16 session [16]
//	answer   0 magic F6 "VML"  4 version u16  6 verdict u8  7 zero u8
//
// The first connection of a session is for control: tx asks and rx replies; each message is a length u32 and that many
// bytes of JSON. The others are flows: tx sends chunks, a length u32 and that many arbitrary bytes, and rx answers each
// with the total of the flow's bytes so far, u64.
const (
	version   = 1
	helloLen  = 32
	answerLen = 8

	kindControl = 1
	kindFlow    = 2

	flowsMost   = 1024     // of a session
	messageMost = 1 << 20  // bytes of JSON; a flow takes about 300
	chunkMost   = 16 << 20 // bytes
)

// Verdicts of rx.
const (
	verdictOK      = 0
	verdictBusy    = 1
	verdictVersion = 2
	verdictUnknown = 3 // session, or flow
)

var verdictTexts = map[byte]string{
	verdictBusy:    "it serves another `lanes tx`",
	verdictVersion: "it speaks another version of lanes",
	verdictUnknown: "it does not know this session",
}

// Errors of ParseHello, beside those of reading.
var (
	errStranger = errors.New("not a `lanes tx`")
	errStream   = errors.New("a `viamillipede tx`: this is `lanes rx`, which takes only `lanes tx`")
	errVersion  = errors.New("another version of lanes")
)

// ErrRefused means that what answers at the port is not a `lanes rx`, or serves somebody else.
var ErrRefused = errors.New("refused")

type hello struct {
	kind    byte
	flow    uint32
	session [16]byte
}

func (h hello) append(b []byte) []byte {
	b = append(b, wire.LanesMagic...)
	b = binary.LittleEndian.AppendUint16(b, version)
	b = append(b, h.kind, 0)
	b = binary.LittleEndian.AppendUint32(b, h.flow)
	b = binary.LittleEndian.AppendUint32(b, 0)
	return append(b, h.session[:]...)
}

// parseHello reads helloLen bytes.
func parseHello(b []byte) (h hello, err error) {
	if len(b) < helloLen {
		return h, io.ErrUnexpectedEOF
	}
	switch {
	case string(b[:len(wire.LanesMagic)]) != wire.LanesMagic:
		return h, errStranger
	case binary.LittleEndian.Uint16(b[4:]) != version:
		return h, errVersion
	}
	h = hello{kind: b[6], flow: binary.LittleEndian.Uint32(b[8:]), session: [16]byte(b[16:])}
	if h.kind != kindControl && h.kind != kindFlow || b[7] != 0 || binary.LittleEndian.Uint32(b[12:]) != 0 || h.flow >= flowsMost {
		return hello{}, errStranger
	}
	return h, nil
}

// readHello reads a hello and not a byte more. It gives up at the first bytes that cannot belong to one.
func readHello(r io.Reader) (h hello, err error) {
	var b [helloLen]byte
	if _, err := io.ReadFull(r, b[:len(wire.LanesMagic)]); err != nil {
		return h, fmt.Errorf("closed without a hello: %w", err)
	}
	if wire.IsHello(b[:len(wire.LanesMagic)]) {
		return h, errStream
	}
	if string(b[:len(wire.LanesMagic)]) != wire.LanesMagic {
		return h, errStranger
	}
	if _, err := io.ReadFull(r, b[len(wire.LanesMagic):]); err != nil {
		return h, fmt.Errorf("closed in the middle of a hello: %w", err)
	}
	return parseHello(b[:])
}

func appendAnswer(b []byte, verdict byte) []byte {
	b = append(b, wire.LanesMagic...)
	return append(binary.LittleEndian.AppendUint16(b, version), verdict, 0)
}

// readAnswer reads the answer to a hello; nil means that rx accepts the connection. ErrRefused is any other answer.
func readAnswer(r io.Reader) error {
	var b [answerLen]byte
	if n, err := io.ReadFull(r, b[:]); n < len(wire.LanesMagic) {
		return fmt.Errorf("no answer, is it `viamillipede lanes rx` that serves there? %w", err)
	}
	switch {
	case wire.IsWelcome(b[:len(wire.LanesMagic)]):
		return fmt.Errorf("%w: a `viamillipede rx` serves there, and not `viamillipede lanes rx`", ErrRefused)
	case string(b[:len(wire.LanesMagic)]) != wire.LanesMagic:
		return fmt.Errorf("%w: what serves there is not `viamillipede lanes rx`", ErrRefused)
	case binary.LittleEndian.Uint16(b[4:]) != version:
		return fmt.Errorf("%w: %s (%d, this end %d)", ErrRefused, verdictTexts[verdictVersion], binary.LittleEndian.Uint16(b[4:]), version)
	case b[6] != verdictOK:
		return fmt.Errorf("%w by `lanes rx`: %s", ErrRefused, verdictTexts[b[6]])
	}
	return nil
}

// question is what tx asks.
type question struct {
	Ask string `json:"ask"` // "flows" or "bye"
}

// reply is what rx reports about all flows.
type reply struct {
	Flows   []Arrival `json:"flows"`
	Missing []string  `json:"missing"` // what rx could not learn, and why
}

// Bounds on what rx may report.
const (
	linesMost = 100 // of Missing
	textMost  = 300 // bytes of a text
)

// clean makes rx's texts safe for a terminal: printable lines of bounded number and length.
func (r *reply) clean() {
	r.Missing = r.Missing[:min(len(r.Missing), linesMost)]
	for i, s := range r.Missing {
		r.Missing[i] = wire.Printable(s[:min(len(s), textMost)])
	}
	for i := range r.Flows {
		d := &r.Flows[i].Device
		*d = wire.Printable((*d)[:min(len(*d), textMost)])
	}
}

// Arrival is how a flow came in at rx.
type Arrival struct {
	Flow      int    `json:"flow"`
	Device    string `json:"device"` // "" if not known
	Queue     int    `json:"queue"`  // of the device, from 0; -1 if not known
	Hash      uint32 `json:"hash"`   // as the packets carry it; 0 if none
	Predicted int    `json:"predicted"`
	NAPI      int    `json:"napi"` // the kernel's id of the queue; 0 if none
	CPU       int    `json:"cpu"`  // that handled it last; -1 if not known
	Bytes     uint64 `json:"bytes"`
}

// writeMessage writes a control message.
func writeMessage(w io.Writer, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

// readMessage reads a control message of at most messageMost bytes.
func readMessage(r io.Reader, message any) error {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return err
	}
	n := binary.LittleEndian.Uint32(length[:])
	if n > messageMost {
		return fmt.Errorf("a message of %d bytes, expected %d at most", n, messageMost)
	}
	text, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil {
		return err
	}
	if len(text) < int(n) {
		return io.ErrUnexpectedEOF
	}
	return json.Unmarshal(text, message)
}
