package engine_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"time"
)

// The peer's part of "Sealed links": crypto/tls does the handshake, and nothing of the program is used here either.

// specSealed is a sealed connection.
type specSealed struct {
	net.Conn
	in, out *specHalf
	rest    []byte
}

type specHalf struct {
	aead cipher.AEAD
	iv   []byte
	seq  uint64
}

func specExpand(secret []byte, label string, n int) []byte {
	info := append([]byte{0, byte(n), byte(6 + len(label))}, "tls13 "+label+"\x00"...)
	b, _ := hkdf.Expand(sha256.New, secret, string(info), n)
	return b
}

func newSpecHalf(e tls.QUICEvent) *specHalf { // TLS_AES_128_GCM_SHA256
	b, _ := aes.NewCipher(specExpand(e.Data, "key", 16))
	a, _ := cipher.NewGCM(b)
	return &specHalf{aead: a, iv: specExpand(e.Data, "iv", 12)}
}

func (h *specHalf) nonce() []byte {
	n := append([]byte(nil), h.iv...)
	binary.BigEndian.PutUint64(n[4:], binary.BigEndian.Uint64(n[4:])^h.seq)
	h.seq++
	return n
}

func (h *specHalf) seal(t byte, b []byte) []byte {
	head := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(b)+17))
	return h.aead.Seal(head, h.nonce(), append(append([]byte(nil), b...), t), head)
}

func specRecord(r io.Reader) (head, body []byte, err error) {
	head = make([]byte, 5)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, nil, err
	}
	body = make([]byte, binary.BigEndian.Uint16(head[3:]))
	_, err = io.ReadFull(r, body)
	return head, body, err
}

func (h *specHalf) open(r io.Reader) (byte, []byte, error) {
	head, body, err := specRecord(r)
	if err != nil {
		return 0, nil, err
	}
	b, err := h.aead.Open(nil, h.nonce(), body, head)
	if err != nil {
		return 0, nil, err
	}
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b[len(b)-1], b[:len(b)-1], nil
}

func (c *specSealed) Write(p []byte) (int, error) {
	for at := 0; at < len(p); at += 1 << 14 {
		if _, err := c.Conn.Write(c.out.seal(23, p[at:min(len(p), at+1<<14)])); err != nil {
			return at, err
		}
	}
	return len(p), nil
}

func (c *specSealed) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		t, b, err := c.in.open(c.Conn)
		if err != nil {
			return 0, err
		}
		if t != 23 {
			return 0, io.EOF // close_notify: there is nothing else here
		}
		c.rest = b
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// specIdentity is "Certificates".
func specIdentity(key []byte, role string) tls.Certificate {
	seed, _ := hkdf.Key(sha256.New, key, nil, "viamillipede-key-1 "+role, 32)
	k := ed25519.NewKeyFromSeed(seed)
	form := &x509.Certificate{SerialNumber: big.NewInt(7), NotAfter: time.Now().Add(time.Hour)}
	der, _ := x509.CreateCertificate(nil, form, form, k.Public(), k)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}
}

// specSeal does the handshake of the end that dials.
func specSeal(c net.Conn, line string) (*specSealed, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.TrimPrefix(line, "viamillipede-key-1 ")))
	if err != nil {
		return nil, err
	}
	peer := specIdentity(key, "listens").PrivateKey.(ed25519.PrivateKey).Public().(ed25519.PublicKey)
	q := tls.QUICClient(&tls.QUICConfig{TLSConfig: &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{"viamillipede/2"}, InsecureSkipVerify: true,
		Certificates: []tls.Certificate{specIdentity(key, "dials")},
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			if cert, err := x509.ParseCertificate(raw[0]); err != nil || !peer.Equal(cert.PublicKey) {
				return errSpec
			}
			return nil
		},
	}})
	defer q.Close()
	q.SetTransportParameters(nil)
	if err := q.Start(context.Background()); err != nil {
		return nil, err
	}
	s, first := &specSealed{Conn: c}, true
	var in, out [4]*specHalf
	for done := false; ; {
		switch e := q.NextEvent(); e.Kind {
		case tls.QUICWriteData:
			record := append(binary.BigEndian.AppendUint16([]byte{22, 3, 3}, uint16(len(e.Data))), e.Data...)
			if h := out[e.Level]; h != nil {
				record = h.seal(22, e.Data)
			}
			if first { // "Gate"
				gate, _ := hkdf.Key(sha256.New, key, nil, "viamillipede-key-1 gate", 32)
				head := append([]byte("\xf9VMP\x02\x00"), make([]byte, 10)...)
				m := hmac.New(sha256.New, gate)
				m.Write(append(append([]byte(nil), head...), record...))
				record, first = append(append(head, m.Sum(nil)[:16]...), record...), false
			}
			if _, err := c.Write(record); err != nil {
				return nil, err
			}
		case tls.QUICSetReadSecret:
			in[e.Level] = newSpecHalf(e)
		case tls.QUICSetWriteSecret:
			out[e.Level] = newSpecHalf(e)
		case tls.QUICHandshakeDone:
			done = true
		case tls.QUICErrorEvent:
			return nil, e.Err
		case tls.QUICNoEvent:
			if done {
				s.in, s.out = in[3], out[3]
				return s, nil
			}
			level := tls.QUICEncryptionLevelInitial
			head, body, err := []byte(nil), []byte(nil), error(nil)
			if h := in[2]; h != nil {
				level = tls.QUICEncryptionLevelHandshake
				_, body, err = h.open(c)
			} else if head, body, err = specRecord(c); err == nil && head[0] != 22 {
				err = fmt.Errorf("%w: % x", errSpec, head)
			}
			if err == nil {
				err = q.HandleData(level, body)
			}
			if err != nil {
				return nil, err
			}
		}
	}
}
