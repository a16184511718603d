package doors

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"viamillipede/engine/observe"
	"viamillipede/engine/schedule"
)

// Bounds on what is remembered and said of strangers, however many come.
const (
	strangersMost = 256 // hosts that are remembered; the one that has been silent longest gives way
	strangerLines = 8   // hosts that get a line of their own between two reports; others are only counted
	strangerNames = 3   // hosts that a report names
	siteBits      = 64  // of an IPv6 address: one host can have every address that begins with these
)

// doorman tells the user about strangers: a line for the first connection from each host, and a number now and then for those that
// follow. A connection that closed without a word does not stand for one that spoke: the reason that helps is often the second one,
// since a peer that is refused on one link closes its others. The zero doorman is ready to use. Its methods may be called from any
// goroutine.
type doorman struct {
	mu     sync.Mutex
	total  uint64               // connections refused; guarded by mu, as is all below
	unsaid uint64               // how many of them, since the last report, had no line
	hosts  map[string]*stranger // by site
	lines  int                  // since the last report
	every  time.Duration        // until the next report
	due    time.Time            // of the next report; zero: nobody has come yet
}

// stranger is a host that was refused.
type stranger struct {
	seen   time.Time
	unsaid uint64 // connections since the last report that had no line
	why    error  // of the latest
	spoke  bool   // it had its line as one that said something
}

// refuse reports one connection.
func (d *doorman) refuse(to observe.Observer, who net.Addr, why error) {
	if d.first(site(who), why, time.Now()) {
		observe.Tell(to, observe.Refused{From: who, Err: why})
	}
}

// SenderFailed reports a sender that came from there and gave up before its stream was the receiver's own.
func (d *Doors) SenderFailed(from, reason string) {
	if d.strangers.first(siteOf(from), fmt.Errorf("gave up before its first leg: %s", reason), time.Now()) {
		observe.Tell(d.cfg.Observer, observe.SenderFailed{From: from, Reason: reason})
	}
}

// first counts a connection; it reports whether it is the first from its host, or the first that spoke, and worth a line.
func (d *doorman) first(host string, why error, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total++
	s := d.hosts[host]
	speaks := !wordless(why)
	fresh := s == nil || speaks && !s.spoke
	if s == nil {
		d.forgetOne()
		s = &stranger{}
		d.hosts[host] = s
	}
	s.seen, s.why = now, why
	if fresh && d.lines < strangerLines {
		d.lines++
		s.spoke = speaks
		return true
	}
	s.unsaid++
	d.unsaid++
	return false
}

// forgetOne makes room for a host. Under mu.
func (d *doorman) forgetOne() {
	if d.hosts == nil {
		d.hosts = make(map[string]*stranger)
	}
	if len(d.hosts) < strangersMost {
		return
	}
	oldest := slices.MinFunc(slices.Collect(maps.Keys(d.hosts)), func(a, b string) int {
		return d.hosts[a].seen.Compare(d.hosts[b].seen)
	})
	delete(d.hosts, oldest)
}

// report says, when it is time, how many connections were not reported one by one: first a set time after the first of them, then
// less and less often. It is called every now and then.
func (d *doorman) report(to observe.Observer, now time.Time, after time.Duration) {
	if more := d.reckon(now, after); more.Total > 0 {
		observe.Tell(to, more)
	}
}

// reckon makes a report; one of no connections if there is nothing to tell.
func (d *doorman) reckon(now time.Time, after time.Duration) (more observe.RefusedMore) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.hosts) == 0 {
		return more
	}
	if d.due.IsZero() {
		d.every, d.due = after, now.Add(after)
	}
	if now.Before(d.due) {
		return more
	}
	d.lines = 0
	more = d.sumUp()
	if more.Total > 0 {
		d.every = max(after, min(2*d.every, schedule.ReportsLeast))
	}
	d.due = now.Add(d.every)
	return more
}

// sumUp returns what had no line, which is thereby told. Under mu.
func (d *doorman) sumUp() observe.RefusedMore {
	hosts := slices.SortedFunc(maps.Keys(d.hosts), func(a, b string) int {
		return cmp.Or(cmp.Compare(d.hosts[b].unsaid, d.hosts[a].unsaid), cmp.Compare(a, b))
	})
	more := observe.RefusedMore{Total: d.unsaid, Others: d.unsaid}
	for _, host := range hosts {
		s := d.hosts[host]
		if s.unsaid > 0 && len(more.Hosts) < strangerNames {
			more.Hosts = append(more.Hosts, observe.RefusedHost{Host: host, Count: s.unsaid, Last: s.why})
			more.Others -= s.unsaid
		}
		s.unsaid = 0
	}
	d.unsaid = 0
	return more
}

// count is how many connections were refused.
func (d *doorman) count() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total
}

// site is what an address is counted by: an IPv4 address, or the network of an IPv6 address.
func site(who net.Addr) string { return siteOf(who.String()) }

// siteOf is site for an address with a port, as text.
func siteOf(who string) string {
	at, err := netip.ParseAddrPort(who)
	if err != nil {
		return who
	}
	host := at.Addr().Unmap()
	if !host.Is6() || host.IsLinkLocalUnicast() {
		return host.String()
	}
	network, _ := host.WithZone("").Prefix(siteBits) // cannot fail: an IPv6 address has that many bits
	return network.String()
}
