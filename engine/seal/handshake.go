package seal

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
)

// ErrStranger: the peer did not show that it has the key.
var ErrStranger = errors.New("not sealed with the key of this end")

// recordsMost bounds a handshake, in either direction.
const recordsMost = 16

// handshake is one under way.
//
//	dials     gate, ClientHello ->                                      clear
//	listens   <- ServerHello                                            clear
//	          <- EncryptedExtensions, CertificateRequest, Certificate,
//	             CertificateVerify, Finished                            sealed with the secrets of the handshake
//	dials     Certificate, CertificateVerify, Finished ->               likewise
//	both      data                                                      sealed with the secrets of the application
//
// It differs from TLS over TCP in the gate alone, and in the extensions of QUIC (quic_transport_parameters, which are empty).
type handshake struct {
	c       io.ReadWriter
	q       *tls.QUICConn
	in, out [4]*Half                   // by level
	wrap    func(record []byte) []byte // for the first record; nil: it goes as it is
	first   []byte                     // record that was read before; nil: none
	buf     []byte                     // what is to be written
	records int                        // read
	done    bool
	trial   *Trial // nil: no test looks on
}

// dial does the handshake at the end that has dialled. *firstBytes: the listener says something else than TLS.
func (k *Key) dial(ctx context.Context, c io.ReadWriter) (in, out *Half, err error) {
	cfg, err := k.config(dials)
	if err != nil {
		return nil, nil, err
	}
	h := &handshake{c: c, q: tls.QUICClient(&tls.QUICConfig{TLSConfig: cfg}), wrap: k.openGate, trial: k.trial}
	return h.run(ctx)
}

// hear does the handshake at the end that listens, once a first flight has come in.
func (k *Key) hear(ctx context.Context, c io.ReadWriter) (in, out *Half, err error) {
	hello, err := k.passGate(c)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := k.config(listens)
	if err != nil {
		return nil, nil, err
	}
	h := &handshake{c: c, q: tls.QUICServer(&tls.QUICConfig{TLSConfig: cfg}), first: hello, trial: k.trial}
	return h.run(ctx)
}

func (h *handshake) run(ctx context.Context) (in, out *Half, err error) {
	defer h.q.Close()
	defer func() {
		for l := range h.in {
			for _, half := range []*Half{h.in[l], h.out[l]} {
				if half != nil && (err != nil || l != int(tls.QUICEncryptionLevelApplication)) {
					half.Wipe()
				}
			}
		}
	}()
	h.q.SetTransportParameters(nil)
	if err := h.q.Start(ctx); err != nil {
		return nil, nil, err
	}
	for over := false; !over; {
		if over, err = h.step(); err != nil {
			return nil, nil, err
		}
	}
	in, out = h.in[tls.QUICEncryptionLevelApplication], h.out[tls.QUICEncryptionLevelApplication]
	if in == nil || out == nil {
		return nil, nil, ErrSuite
	}
	return in, out, nil
}

// step does what the next event asks for; over: there is no more, and the handshake is done. The last secret comes after the news that
// it is.
func (h *handshake) step() (over bool, err error) {
	switch e := h.q.NextEvent(); e.Kind {
	case tls.QUICNoEvent:
		if err := h.flush(); err != nil || h.done {
			return true, err
		}
		return false, h.read()
	case tls.QUICErrorEvent:
		return false, e.Err
	case tls.QUICSetReadSecret:
		h.in[e.Level], err = h.secretOf(e)
		return false, err
	case tls.QUICSetWriteSecret:
		h.out[e.Level], err = h.secretOf(e)
		return false, err
	case tls.QUICWriteData:
		return false, h.write(e.Level, e.Data)
	case tls.QUICTransportParametersRequired:
		h.q.SetTransportParameters(nil)
	case tls.QUICHandshakeDone:
		h.done = true
	}
	return false, nil
}

func (h *handshake) secretOf(e tls.QUICEvent) (*Half, error) {
	s, ok := suites[e.Suite]
	if !ok {
		return nil, ErrSuite
	}
	half, err := newHalf(s, e.Data)
	if err == nil {
		half.tries(h.trial)
	}
	return half, err
}

// write queues a message as records of its level.
func (h *handshake) write(level tls.QUICEncryptionLevel, b []byte) error {
	if len(b) > MostContent {
		return fmt.Errorf("%w: a message of %d bytes", ErrRecord, len(b))
	}
	if half := h.out[level]; half != nil {
		at := len(h.buf)
		h.buf = append(h.buf, make([]byte, len(b)+Overhead)...)
		half.Seal(h.buf[at:], Handshake, b, nil)
		return nil
	}
	record := append([]byte{recordHandshake, 3, 3, byte(len(b) >> 8), byte(len(b))}, b...)
	if h.wrap != nil {
		record, h.wrap = h.wrap(record), nil
	}
	h.buf = append(h.buf, record...)
	return nil
}

func (h *handshake) flush() error {
	b := h.buf
	h.buf = h.buf[:0]
	if len(b) == 0 {
		return nil
	}
	_, err := h.c.Write(b)
	return err
}

// read takes the next record and hands what it holds to TLS. It reads not a byte more.
func (h *handshake) read() (err error) {
	record, level := h.first, tls.QUICEncryptionLevelInitial
	h.first = nil
	half := h.in[tls.QUICEncryptionLevelHandshake]
	if h.records++; h.records > recordsMost {
		return fmt.Errorf("%w: too many of them", ErrRecord)
	}
	if record == nil {
		outside := recordHandshake
		if half != nil {
			outside = recordData
		}
		if record, err = readRecord(h.c, make([]byte, recordHead, recordHead+helloMost), outside); err != nil {
			return err
		}
	}
	content := InPlace(record)
	if half != nil {
		t, n, err := half.Open(InPlace(record), record)
		if err != nil {
			return err
		}
		if t != Handshake {
			return fmt.Errorf("%w of a handshake", ErrRecord)
		}
		content, level = content[:n], tls.QUICEncryptionLevelHandshake
	}
	return h.q.HandleData(level, content)
}

// readRecord reads a record into b, which has room for its header and a capacity that bounds it, and not a byte more. *firstBytes holds
// what was read of a connection that begins like something else.
func readRecord(r io.Reader, b []byte, outside byte) ([]byte, error) {
	if err := readAs(r, b, string([]byte{outside, 3})); err != nil {
		return nil, err
	}
	n, err := length(b, outside)
	if err != nil {
		return nil, err
	}
	if n > cap(b) {
		return nil, fmt.Errorf("%w: one of %d bytes", ErrRecord, n)
	}
	at := len(b)
	b = b[:n]
	if _, err := io.ReadFull(r, b[at:]); err != nil {
		return nil, err
	}
	return b, nil
}
