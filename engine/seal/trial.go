package seal

import "crypto/sha256"

// Trial is what a test wants of a key. No user's key has one.
type Trial struct {
	// Sealed is told of every record, just before it is sealed: a digest of its secret, and its nonce. It is called from many
	// goroutines. nil: nobody is told.
	Sealed func(secret [sha256.Size]byte, nonce [ivLen]byte)
	// Records are sealed under each secret, at most; see Half.Limit. 0: as many as the cipher allows.
	Records uint64
}

// Try has everything tried that is sealed with k. It comes before k is used.
func (k *Key) Try(t Trial) { k.trial = &t }

// tries makes h one that is tried.
func (h *Half) tries(t *Trial) {
	h.trial = t
	if t != nil && t.Records > 0 {
		h.Limit(t.Records)
	}
}

// sees tells the test, if there is one, of the next record of h.
func (t *Trial) sees(h *Half, nonce []byte) {
	if t != nil && t.Sealed != nil {
		t.Sealed(sha256.Sum256(h.secret), [ivLen]byte(nonce))
	}
}
