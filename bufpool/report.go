package bufpool

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// describe puts in one line what was asked for, and the first refusal.
func describe(asked string, refused []error) string {
	if len(refused) == 0 {
		return "memory: " + asked
	}
	return fmt.Sprintf("memory: %s; refused %d times, first: %v", asked, len(refused), refused[0])
}

// nodesLine names the nodes, for the beginning of a line; "" for none. It sorts them.
func nodesLine(nodes []int) string {
	slices.Sort(nodes)
	nodes = slices.Compact(nodes)
	switch len(nodes) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("node %d preferred; ", nodes[0])
	}
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = strconv.Itoa(n)
	}
	return fmt.Sprintf("nodes %s preferred; ", strings.Join(names, ", "))
}

// pages counts, in bytes, what came of the wish for huge pages.
type pages struct {
	all      int  // of all arenas
	reserved int  // of them, in reserves
	tried    bool // a page of a reserve was touched
	advised  int  // of them, where the kernel will use transparent huge pages if it can
}

func (p pages) String() string {
	switch {
	case p.reserved > 0 && p.reserved == p.all:
		return "huge pages (reserved" + p.doubt() + ")"
	case p.reserved > 0:
		return fmt.Sprintf("huge pages (%d of %d MiB reserved%s)", p.reserved>>20, p.all>>20, p.doubt())
	case p.advised > 0:
		return "huge pages (transparent, since no reserved ones are free)"
	}
	return "no huge pages"
}

func (p pages) doubt() string {
	if p.tried {
		return ""
	}
	return ", not tried yet"
}
