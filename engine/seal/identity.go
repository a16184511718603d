package seal

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"time"
)

// role is what an end of a link does: each has a certificate of its own, so that nobody can be made to talk to itself.
type role int

const (
	dials role = iota
	listens
)

// purpose is what the role's signing key is derived for.
func (r role) purpose() string { return [...]string{"dials", "listens"}[r] }

// other is the role of the peer.
func (r role) other() role { return 1 - r }

// identities are those of both roles, since each end knows both.
type identities [2]tls.Certificate

// protocol is what the ends agree to speak (ALPN); its number is the wire version.
const protocol = "viamillipede/2"

// errStranger is why a certificate is refused.
var errStranger = errors.New("the peer does not have the key")

func newIdentities(k *Key) (ids identities, err error) {
	for r := range ids {
		signer := ed25519.NewKeyFromSeed(k.derive(role(r).purpose(), ed25519.SeedSize))
		// The fields are what a certificate must have. Nobody looks at them: the public key alone counts.
		form := &x509.Certificate{
			SerialNumber: big.NewInt(1),
			NotBefore:    time.Unix(0, 0), NotAfter: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		}
		der, err := x509.CreateCertificate(nil, form, form, signer.Public(), signer)
		if err != nil {
			return ids, err
		}
		ids[r] = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: signer}
	}
	return ids, nil
}

// config is what crypto/tls has to know at an end.
func (k *Key) config(r role) (*tls.Config, error) {
	ids, err := k.self()
	if err != nil {
		return nil, err
	}
	pinned := ids[r.other()].PrivateKey.(ed25519.PrivateKey).Public().(ed25519.PublicKey)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}, Certificates: []tls.Certificate{ids[r]},
		SessionTicketsDisabled: true, ClientAuth: tls.RequireAnyClientCert,
		InsecureSkipVerify: true, // no authority and no name is trusted, only the one public key
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) != 1 {
				return errStranger
			}
			c, err := x509.ParseCertificate(raw[0])
			if err != nil {
				return errStranger
			}
			if p, ok := c.PublicKey.(ed25519.PublicKey); !ok || !pinned.Equal(p) {
				return errStranger
			}
			return nil
		},
	}, nil
}
