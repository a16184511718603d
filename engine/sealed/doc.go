// Package sealed moves the bytes of a sealed link: what an end sends is sealed just before the socket takes it, from wherever it is kept
// in the clear, and what comes in is opened into the memory that it is meant for. A Conn does what a link's connection does
// (engine/internal/stream), except what needs no copy.
//
//	conn.go       a connection, and how it ends
//	send.go       bytes become records, and go into the socket
//	recv.go       records come out of the socket, and become bytes
//	transport.go  where such connections come from
//	buffers.go    the memory in between, which stays in the cache
//
// # kTLS
//
// A kernel with kTLS (TCP_ULP "tls", Documentation/networking/tls.rst) could do all of this itself, and splice and sendfile would stay.
// The door is open: records are those of TLS 1.3, and a Half has what the kernel wants (crypto_info): key, iv and sequence. It is not
// built, since it could not be tested. It would take the place of New in Adopt: where both directions can be handed over, the connection
// is that of the network, with Mover and ZeroCopier, and only three things remain to do: close_notify and KeyUpdate are records of
// another type, which sendmsg and recvmsg carry beside the data (TLS_SET_RECORD_TYPE, TLS_GET_RECORD_TYPE); a record that does not open is
// EBADMSG; and what a Half has sealed in the handshake must have left before. KeyUpdate needs Linux 6.14.
package sealed
