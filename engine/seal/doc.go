// Package seal makes a link private: both ends prove that they hold the same key, and from then on everything goes in records that
// only they can read or make. SPEC.md of engine/wire describes it, section "Sealed links".
//
// There is no cryptography of our own. The handshake is TLS 1.3 as crypto/tls does it for QUIC, a full one on each link, with a
// certificate at both ends whose Ed25519 key is derived from the key; nothing else is trusted, and no clock is asked. It hands out
// the traffic secrets of TLS, and the records are those of TLS (RFC 8446, 5), sealed by crypto/cipher.
//
//	key.go        a key: made, written, read, shown
//	identity.go   the certificates that are derived from it
//	gate.go       what a connection must show before anything is computed for it
//	handshake.go  both ends agree on secrets
//	half.go       the records of one direction
//	suite.go      what they are sealed with
//	conn.go       a connection while it is being greeted
//	trial.go      what tests see of it
//
// Secrets are in Key and in Half, and nowhere else. Neither can be printed. Half.Wipe and the end of the handshake clear what Go lets
// them clear; what the ciphers keep is left to the garbage collector, and the program keeps its memory out of core dumps
// (netio.HideMemory).
package seal
