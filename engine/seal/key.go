package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// keyLen is the size of a key, in bytes. It is random, and cannot be guessed; there are no passwords.
const keyLen = 32

// keyWord begins the line that a key is written as. The number is the version of everything that is derived from a key.
const keyWord = "viamillipede-key-1 "

// keyFileMost is more than a file with a key has, in bytes.
const keyFileMost = 256

// Key is a secret that both ends of a stream have. Methods may be called from any goroutine.
type Key struct {
	secret [keyLen]byte
	self   func() (identities, error) // made once
	gate   [sha256.Size]byte          // key of the tag of a first flight; see gate.go
	seen   replays
	trial  *Trial // nil: no test looks on
}

// Why a key cannot be used.
var (
	ErrFormat = errors.New(`it is not a key: expected one line "` + strings.TrimSpace(keyWord) + ` ..." as "viamillipede keygen" writes it`)
	ErrShared = errors.New("others may read it")
)

// NewKey makes a random key.
func NewKey() *Key {
	var secret [keyLen]byte
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	return newKey(secret)
}

func newKey(secret [keyLen]byte) *Key {
	k := &Key{secret: secret}
	k.self = sync.OnceValues(func() (identities, error) { return newIdentities(k) })
	copy(k.gate[:], k.derive("gate", len(k.gate)))
	return k
}

// derive makes n bytes for a purpose, of which nothing can be told about the key or about what is derived for another purpose.
func (k *Key) derive(purpose string, n int) []byte {
	b, err := hkdf.Key(sha256.New, k.secret[:], nil, keyWord+purpose, n)
	if err != nil {
		panic(err) // n is a constant that HKDF can make
	}
	return b
}

// String keeps a key out of what is printed.
func (*Key) String() string { return "a key" }

// GoString is String, for %#v.
func (*Key) GoString() string { return "a key" }

// Fingerprint tells keys apart, and says nothing else about them: 16 hexadecimal digits in groups of 4.
func (k *Key) Fingerprint() string {
	h := hex.EncodeToString(k.derive("fingerprint", 8))
	return h[0:4] + "-" + h[4:8] + "-" + h[8:12] + "-" + h[12:16]
}

// Text is the line that the key is written as, with its newline.
func (k *Key) Text() []byte {
	return append(base64.StdEncoding.AppendEncode([]byte(keyWord), k.secret[:]), '\n')
}

// ParseKey reads the line. ErrFormat: it is none.
func ParseKey(text []byte) (*Key, error) {
	line, ok := bytes.CutPrefix(bytes.TrimSuffix(text, []byte("\n")), []byte(keyWord))
	if !ok || len(line) != base64.StdEncoding.EncodedLen(keyLen) {
		return nil, ErrFormat
	}
	var b [keyLen + 1]byte // base64 has padding, and Decode wants room for it
	defer clear(b[:])
	if n, err := base64.StdEncoding.Strict().Decode(b[:], line); err != nil || n != keyLen {
		return nil, ErrFormat
	}
	return newKey([keyLen]byte(b[:])), nil
}

// ReadKey reads a key to the end of its line, or of r. ErrFormat: it is none.
func ReadKey(r io.Reader) (*Key, error) {
	var b [keyFileMost]byte
	defer clear(b[:])
	for n := 0; ; {
		m, err := r.Read(b[n:])
		n += m
		if err == io.EOF || n == len(b) || bytes.IndexByte(b[:n], '\n') >= 0 {
			return ParseKey(b[:n])
		}
		if err != nil {
			return nil, err
		}
	}
}

// Load reads the key in a file. ErrShared: its group or others may read or write it, which the error says how to mend.
func Load(file string) (*Key, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := private(f); err != nil {
		return nil, err
	}
	k, err := ReadKey(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return k, nil
}

// private returns an error for a file that anybody but its owner may use. What is no file (a pipe that a shell has made for <(...))
// has no name to be opened by.
func private(f *os.File) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Mode().IsRegular() && st.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s: %w (mode %04o): run chmod 600 %s", f.Name(), ErrShared, st.Mode().Perm(), f.Name())
	}
	return nil
}

// Create writes the key to a new file, for its owner alone. (fs.ErrExist): there is one already, which is left alone. A file that
// could not be written whole is removed.
func (k *Key) Create(file string) (err error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w, and is left as it is", file, fs.ErrExist)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file)
		}
	}()
	text := k.Text()
	defer clear(text)
	_, err = f.Write(text)
	return errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close())
}
