package ingest

// Piece is a part of a file in memory, on its way to a socket. A loop has one, for its own thread; the zero Piece is empty.
type Piece struct {
	at      int64  // in the stream
	b       []byte // within the memory that it keeps
	filling bool   // see Reserve
}

// pieceSize is how much of a file is read at a time when it cannot be sent from the page cache, in bytes. A piece stays in the
// CPU's cache; larger ones were measured and are no faster.
const pieceSize = 512 << 10

// Reserve makes room for up to n bytes, starting at a byte of the stream. Until Filled is called, nobody may use the piece.
func (p *Piece) Reserve(at int64, n int) []byte {
	if p.b == nil {
		p.b = make([]byte, pieceSize)
	}
	p.at, p.b, p.filling = at, p.b[:min(n, cap(p.b))], true
	return p.b
}

// Filled notes that n bytes of the room are filled.
func (p *Piece) Filled(n int) { p.b, p.filling = p.b[:n], false }

// Filling reports whether somebody is about to fill it.
func (p *Piece) Filling() bool { return p.filling }

// Has reports whether it has that byte of the stream.
func (p *Piece) Has(at int64) bool { return at >= p.at && at < p.at+int64(len(p.b)) }

// From returns what it has from that byte on, at most n bytes.
func (p *Piece) From(at int64, n int) []byte {
	b := p.b[at-p.at:]
	return b[:min(len(b), n)]
}
