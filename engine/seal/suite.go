package seal

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	_ "crypto/sha256" // for suites
	_ "crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// suite is a cipher suite of TLS 1.3: how records are sealed, and secrets derived.
type suite struct {
	hash crypto.Hash
	key  int // bytes
	aead func(key []byte) (cipher.AEAD, error)
}

// suites are all that TLS 1.3 of crypto/tls has. It takes the first one, unless one end's machine has no AES instructions: then the last.
// The standard library keeps ChaCha20 to itself.
var suites = map[uint16]suite{
	tls.TLS_AES_128_GCM_SHA256:       {crypto.SHA256, 16, gcm},
	tls.TLS_AES_256_GCM_SHA384:       {crypto.SHA384, 32, gcm},
	tls.TLS_CHACHA20_POLY1305_SHA256: {crypto.SHA256, chacha20poly1305.KeySize, chacha20poly1305.New},
}

// ErrSuite is why a handshake fails that has chosen another one, or ends before it has chosen.
var ErrSuite = errors.New("the ends have no cipher suite in common")

func gcm(key []byte) (cipher.AEAD, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

// expand is HKDF-Expand-Label with an empty context (RFC 8446, 7.1).
func (s suite) expand(secret []byte, label string, n int) []byte {
	const prefix = "tls13 "
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len(prefix)+len(label)))
	info = append(append(info, prefix...), label...)
	info = append(info, 0)
	b, err := hkdf.Expand(func() hash.Hash { return s.hash.New() }, secret, string(info), n)
	if err != nil {
		panic(err) // n is a constant that HKDF can make
	}
	return b
}

// sealer makes what seals records under a secret, and the iv.
func (s suite) sealer(secret []byte) (a cipher.AEAD, iv [ivLen]byte, err error) {
	key := s.expand(secret, "key", s.key)
	defer clear(key)
	copy(iv[:], s.expand(secret, "iv", ivLen))
	a, err = s.aead(key)
	return a, iv, err
}
