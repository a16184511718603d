package bufpool

// HugePage is the alignment of arenas from that size on, in bytes.
const HugePage = hugePage

// Arenas gives the memory of each shard.
func (p *Pool) Arenas() (arenas [][]byte) {
	for i := range p.shards {
		arenas = append(arenas, p.shards[i].arena.bytes)
	}
	return arenas
}

// Address gives where b begins.
func Address(b []byte) uintptr { return address(b) }

// Head gives the whole head word of a shard's stack, and the part that names the topmost buffer.
func (p *Pool) Head(shard int) (word, reference uint64) {
	word = p.shards[shard].head.Load()
	return word, word & referenceMask
}

// SetPage has the machine's pages be of another size until the function that it returns is called.
func SetPage(size int) (restore func()) {
	was := page
	page = size
	return func() { page = was }
}
