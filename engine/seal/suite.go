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
	"fmt"
	"hash"
)

// suite is a cipher suite of TLS 1.3: how records are sealed, and secrets derived.
type suite struct {
	hash crypto.Hash
	key  int // bytes
}

// suites are those that this end can seal with. A machine without AES instructions would rather have ChaCha20, which the standard
// library keeps to itself.
var suites = map[uint16]suite{
	tls.TLS_AES_128_GCM_SHA256: {crypto.SHA256, 16},
	tls.TLS_AES_256_GCM_SHA384: {crypto.SHA384, 32},
}

// ErrSuite is why a handshake fails between machines of which one has no AES instructions.
var ErrSuite = fmt.Errorf("one end's machine has no AES instructions, and private streams need them")

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
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, iv, err
	}
	a, err = cipher.NewGCM(b)
	return a, iv, err
}
