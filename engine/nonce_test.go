package engine_test

import (
	"errors"
	"fmt"
	"sync"

	sealing "viamillipede/engine/seal"
)

// nonces looks on while both ends of a stream seal their records. It tells what must never be: a nonce that is used again under a secret,
// on whatever link and in whatever direction, and a secret that is used for too long.
type nonces struct {
	most uint64 // records under a secret; 0: any number

	mu      sync.Mutex
	seen    map[use]struct{} // guarded by mu, as is all below
	records map[[32]byte]uint64
	bad     error // the first fault
}

// use is what must be used only once.
type use struct {
	secret [32]byte
	nonce  [12]byte
}

// watched is a new key of which every record is seen.
func watched(most uint64) (*sealing.Key, *nonces) {
	n := &nonces{most: most, seen: map[use]struct{}{}, records: map[[32]byte]uint64{}}
	k := sealing.NewKey()
	k.Try(sealing.Trial{Sealed: n.sealed, Records: most})
	return k, n
}

func (n *nonces) sealed(secret [32]byte, nonce [12]byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	u := use{secret, nonce}
	if _, again := n.seen[u]; again && n.bad == nil {
		n.bad = fmt.Errorf("nonce %x is used again under secret %x", nonce, secret[:4])
	}
	n.seen[u] = struct{}{}
	if n.records[secret]++; n.most > 0 && n.records[secret] > n.most && n.bad == nil {
		n.bad = fmt.Errorf("secret %x seals more than %d records", secret[:4], n.most)
	}
}

// fault is what was seen that must not be.
func (n *nonces) fault() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.bad == nil && len(n.seen) == 0 {
		return errors.New("no record was seen")
	}
	return n.bad
}

// of counts the records that were seen, and their secrets.
func (n *nonces) of() (records, secrets uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return uint64(len(n.seen)), uint64(len(n.records))
}
