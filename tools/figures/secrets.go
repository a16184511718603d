package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// secrets are the files that private streams need, in a folder of their own. The zero value has none: then such streams are left out.
type secrets struct {
	dir  string
	key  string // of viamillipede
	cert string // of socat: a certificate with its private key
}

// makeSecrets makes them; remove removes them.
func makeSecrets(ctx context.Context, bin string) (s secrets, err error) {
	if s.dir, err = os.MkdirTemp("", "figures"); err != nil {
		return s, err
	}
	s.key, s.cert = filepath.Join(s.dir, "key"), filepath.Join(s.dir, "cert")
	cmd := exec.CommandContext(ctx, bin, "keygen", s.key)
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	if said, err := cmd.CombinedOutput(); err != nil {
		return s, fmt.Errorf("keygen: %w: %s", err, said)
	}
	return s, writeCertificate(s.cert)
}

func (s secrets) remove() { os.RemoveAll(s.dir) }

// writeCertificate writes one that is signed by itself, and its key.
func writeCertificate(file string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return os.WriteFile(file, append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})...), 0o600)
}
