package lab

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/google/nftables"
)

// dropTable is the table of a path's filter; there is one per path and side.
func dropTable(i int) *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyNetdev, Name: "drop-" + device(i)}
}

// Drop makes a packet filter drop everything that arrives over path i, on both sides, with its devices up, as a firewall
// or a broken switch does. Unlike Blackhole it also drops ARP. If the kernel has no such filter it is Blackhole; see
// Filters. Undrop ends it.
func (l *Lab) Drop(i int) error {
	if !l.Filters() {
		return l.Blackhole(i)
	}
	return l.onFilters(i, addFilter)
}

// Undrop ends Drop. Undropping a healthy path is not an error.
func (l *Lab) Undrop(i int) error {
	if !l.Filters() {
		return l.Heal(i)
	}
	return l.onFilters(i, func(c *nftables.Conn, i int) { c.DelTable(dropTable(i)) })
}

// Filters reports whether Drop uses a packet filter here (nftables at the ingress of a device).
func (l *Lab) Filters() bool {
	l.filters.Do(func() {
		if l.paths == 0 {
			return
		}
		err := errors.Join(l.filter(TX, 0, addFilter), l.filter(TX, 0, func(c *nftables.Conn, i int) { c.DelTable(dropTable(i)) }))
		l.filtering = err == nil
	})
	return l.filtering
}

// addFilter makes a chain without rules: its policy does the work.
func addFilter(c *nftables.Conn, i int) {
	policy := nftables.ChainPolicyDrop
	c.AddChain(&nftables.Chain{
		Table:    c.AddTable(dropTable(i)),
		Name:     "all",
		Type:     nftables.ChainTypeFilter,
		Hooknum:  nftables.ChainHookIngress,
		Priority: nftables.ChainPriorityFilter,
		Device:   device(i),
		Policy:   &policy,
	})
}

func (l *Lab) onFilters(i int, change func(*nftables.Conn, int)) error {
	return errors.Join(l.filter(TX, i, change), l.filter(RX, i, change))
}

// filter changes a side's filters in one transaction.
func (l *Lab) filter(side Side, i int, change func(*nftables.Conn, int)) error {
	c, err := nftables.New(nftables.WithNetNSFd(int(l.sides[side].ns)))
	if err != nil {
		return fmt.Errorf("packet filter of path %d, %v side: %w", i, side, err)
	}
	change(c, i)
	if err := c.Flush(); err != nil && !errors.Is(err, syscall.ENOENT) {
		return fmt.Errorf("packet filter of path %d, %v side: %w", i, side, err)
	}
	return nil
}
