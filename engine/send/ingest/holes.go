package ingest

// holes finds the holes of a file, which are not sent: a bare leg says how long each is. It belongs to the holder of the ingest turn.
//
//	stream:  data | hole | data, with a hole that is not worth a leg in it | hole
//	              known: the next piece of either
type holes struct {
	granted bool  // the receiver takes them
	hole    bool  // the piece is one
	known   int64 // where the piece ends, in the stream
}

const (
	// holeLeast is the smallest hole that is sent as one, in bytes: a smaller one would cut the data around it into legs that cost more
	// system calls than they save bytes.
	holeLeast = 64 << 10
	// holeMost is the longest that a leg says, in bytes: what fits into 32 bits, and a multiple of all blocks and pages.
	holeMost = 1<<32 - 2<<20
)

// nextPiece is what the next leg is made of, which begins at a byte of the stream before upTo: so many bytes of the file, 1 or more
// and at most most, or a hole. It goes no further than upTo.
func (in *Intake) nextPiece(at, upTo, most int64) (n int, hole bool) {
	if !in.granted {
		return int(min(most, upTo-at)), false
	}
	if at >= in.known {
		in.at.Away(&in.Shore, func() { in.look(at, most) })
	}
	if in.hole {
		most = holeMost
	}
	return int(min(most, in.known-at, upTo-at)), in.hole
}

// look finds the piece that begins at a byte of the stream. Data is looked at no further than a leg goes, because a file may have any
// number of small holes.
func (in *Intake) look(at, most int64) {
	data := in.find(at, in.Source.NextData)
	if in.hole = data-at >= holeLeast || data == in.length && data > at; in.hole {
		in.known = data
		return
	}
	for end := data; ; {
		end = in.find(end, in.Source.NextHole)
		if in.known = end; end == in.length || end-at >= most {
			return
		}
		data = in.find(end, in.Source.NextData)
		switch {
		case data-end >= holeLeast || data == in.length && data > end:
			return
		case data == end: // the file has changed: reading it shows how
			in.known = in.length
			return
		}
		end = data
	}
}

// find is where in the stream the next data, or the next hole, begins; its end if there is none, or if the file system cannot say.
func (in *Intake) find(at int64, next func(int64) int64) int64 {
	return min(max(next(in.begin+at)-in.begin, at), in.length)
}
