package words

import (
	"fmt"
	"strconv"
	"strings"

	"viamillipede/bufpool"
)

// advice says what became of the memory for legs.
func advice(a bufpool.Advice) string {
	text := memory(nodes(a.Nodes)+"not copied on fork", a.Refused)
	if a.Missed > 0 {
		text += fmt.Sprintf("; %d buffers found no reserved huge page", a.Missed)
	}
	return text
}

// pages says what came of asking for huge pages.
func pages(p bufpool.Pages) string {
	doubt := ", not tried yet"
	if p.Tried {
		doubt = ""
	}
	text := "no huge pages"
	switch {
	case p.Reserved > 0 && p.Reserved == p.All:
		text = "huge pages (reserved" + doubt + ")"
	case p.Reserved > 0:
		text = fmt.Sprintf("huge pages (%d of %d MiB reserved%s)", p.Reserved>>20, p.All>>20, doubt)
	case p.Advised > 0:
		text = "huge pages (transparent, since no reserved ones are free)"
	}
	return memory(text, p.Refused)
}

// memory says what was asked for, and the first refusal.
func memory(asked string, refused []error) string {
	if len(refused) == 0 {
		return "memory: " + asked
	}
	return fmt.Sprintf("memory: %s; refused %d times, first: %v", asked, len(refused), refused[0])
}

// nodes names the nodes, for the beginning of a line; "" if there are none.
func nodes(all []int) string {
	switch len(all) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("node %d preferred; ", all[0])
	}
	names := make([]string, len(all))
	for i, n := range all {
		names[i] = strconv.Itoa(n)
	}
	return fmt.Sprintf("nodes %s preferred; ", strings.Join(names, ", "))
}
