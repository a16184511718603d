package doctor

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"viamillipede/affinity"
	"viamillipede/netio/ethtool"
)

// card is a device that the route leaves by: the device itself, or those below a bond, a bridge or a VLAN.
type card struct {
	affinity.NIC
	unseen   error // why its files were not read; then neither hardware nor the queues are known
	hardware bool  // real or emulated; false for veth, tun and the like
	mtu      int
	link     ethtool.Link
	linkErr  error
	rss      ethtool.RSS
	rssErr   error
}

// folder is where the device's files are.
func (c *card) folder() string { return filepath.Join("sys/class/net", c.Name) }

// gatherCards finds the cards of the route.
func (l *look) gatherCards() {
	if l.Device == "" || l.loopback() {
		return
	}
	nics, err := affinity.ReadNICs(l.Root, l.Device)
	if err != nil || len(nics) == 0 {
		nics = []affinity.NIC{{Name: l.Device, Node: -1}}
	}
	for _, n := range nics {
		l.cards = append(l.cards, l.newCard(n, err))
	}
}

// newCard gathers what is known of a card. unseen is why its files could not be read, nil if they could.
func (l *look) newCard(n affinity.NIC, unseen error) *card {
	c := &card{NIC: n, unseen: unseen}
	d, err := l.Kernel.Device(c.Name)
	if err == nil {
		c.mtu = d.MTU
		err = l.foreign(c, d.Index)
	}
	if c.unseen == nil {
		c.unseen = err
	}
	if c.unseen != nil {
		c.NIC = affinity.NIC{Name: c.Name, Node: -1}
	} else {
		c.hardware = l.Exists(c.folder() + "/device")
	}
	c.link, c.linkErr = l.Kernel.Link(c.Name)
	c.rss, c.rssErr = l.Kernel.RSS(c.Name)
	return c
}

// foreign returns an error if the files belong to another device of the same name: /sys shows the network namespace that
// it was mounted in (network_namespaces(7)).
func (l *look) foreign(c *card, index int) error {
	shown, err := l.number(c.folder() + "/ifindex")
	if err == nil && shown != int64(index) {
		err = errors.New("/sys shows the devices of another network namespace")
	}
	return err
}

// speed is the route's speed in bits a second: the sum of its cards' speeds; 0 if none of them tells.
func (l *look) speed() (sum uint64) {
	for _, c := range l.cards {
		sum += c.link.Speed
	}
	return sum
}

// route says which way the links leave.
func route(l *look) Check {
	const name = "route"
	to := "the default route"
	if l.Host != "" {
		to = "the route to " + l.Host
	}
	switch {
	case l.Device == "":
		why := "there is none"
		if l.NoRoute != nil {
			why = oneLine(l.NoRoute)
		}
		return bad(name, Missing, to+": "+why, "no network card is examined")
	case l.loopback():
		return ok(name, "%s is loopback: no card, no cable, no queue", to)
	}
	found := to + " leaves by " + l.Device
	var cards []string
	for _, c := range l.cards {
		if c.Name != l.Device {
			cards = append(cards, c.Name)
		}
	}
	if len(cards) > 0 {
		found += ", which stands on " + strings.Join(cards, ", ")
	}
	return ok(name, "%s", found)
}

// cardChecks are the checks of each card of the route.
func (l *look) cardChecks() (all []Check) {
	for _, c := range l.cards {
		checks := []func(*look, *card) Check{driver, carrier, frames, features}
		if c.hardware {
			checks = append(checks, queues, interrupts, receiveSteering, sendSteering, spread, rings)
		}
		for _, check := range checks {
			made := check(l, c)
			made.Device = c.Name
			all = append(all, made)
		}
	}
	return all
}

// driver says what kind of card it is.
func driver(l *look, c *card) Check {
	if c.unseen != nil {
		return bad("nic", Missing, "what it is cannot be read: "+oneLine(c.unseen), "")
	}
	found := "driver " + c.Driver
	if c.Driver == "" {
		found = "driver not known"
	}
	if !c.hardware {
		found = "virtual, without hardware: queues and interrupts are not examined"
	}
	if c.Node >= 0 && c.hardware {
		found += fmt.Sprintf(", on node %d", c.Node)
	}
	return ok("nic", "%s", found)
}

// carrier says how fast the card is.
func carrier(l *look, c *card) Check {
	const name = "speed"
	if state := l.Text(c.folder() + "/operstate"); state == "down" && c.unseen == nil {
		return bad(name, Off, "down", "or plug in its cable", "ip link set dev "+c.Name+" up")
	}
	switch {
	case c.linkErr != nil:
		return bad(name, Missing, "not told: "+reason(c.linkErr), "")
	case c.link.Speed == 0:
		return bad(name, Missing, "not told by the driver", "")
	case c.link.Duplex == "half":
		return bad(name, Slow, speed(c.link.Speed)+" half duplex", "both ends of the cable must negotiate",
			"ethtool -s "+c.Name+" autoneg on")
	}
	return ok(name, "%s", strings.TrimSpace(speed(c.link.Speed)+" "+c.link.Duplex+" duplex"))
}

// Large frames cost less CPU per byte, which matters from fastLink (bits a second) upwards.
const (
	fastLink   = 10e9
	largeFrame = 9000
)

// frames says how long the packets are.
func frames(l *look, c *card) Check {
	const name = "mtu"
	switch {
	case c.mtu == 0:
		return bad(name, Missing, "cannot be read", "")
	case !c.hardware || c.mtu >= largeFrame || c.link.Speed < fastLink:
		return ok(name, "%d", c.mtu)
	}
	return bad(name, Slow, fmt.Sprintf("%d at %s", c.mtu, speed(c.link.Speed)),
		"only where every host and switch on the way accepts it",
		fmt.Sprintf("ip link set dev %s mtu %d", c.Name, largeFrame))
}

// feature is a feature of a card, by ethtool's short name and the kernel's long ones.
type feature struct {
	short string
	long  []string
}

// wanted are the features that a stream gains from.
var wanted = []feature{
	{"gro", []string{"rx-gro"}},
	{"gso", []string{"tx-generic-segmentation"}},
	{"tso", []string{"tx-tcp-segmentation", "tx-tcp6-segmentation"}},
	{"sg", []string{"tx-scatter-gather"}},
}

// features says whether the kernel and the card merge and split packets, so that TCP need not handle them one by one.
func features(l *look, c *card) Check {
	const name = "offload"
	f, err := l.Kernel.Features(c.Name)
	if err != nil {
		return bad(name, Missing, "not told: "+reason(err), "")
	}
	var on, off, none []string
	idle := ""
	for _, w := range wanted {
		switch {
		case all(f.On, w.long):
			on = append(on, w.short)
		case w.short == "gro" && !c.hardware:
			idle = "gro off; " // a veth passes on what was never split
		case all(f.Offered, w.long):
			off = append(off, w.short)
		default:
			none = append(none, w.short)
		}
	}
	lro := "lro off"
	if f.On["rx-lro"] {
		lro = "lro on"
	}
	found := say(on, "on") + say(off, "off") + say(none, "not available") + idle + lro
	switch {
	case len(off) > 0:
		return bad(name, Slow, found, "", "ethtool -K "+c.Name+" "+strings.Join(off, " on ")+" on")
	case len(none) > 0:
		return bad(name, Missing, found, "")
	}
	return ok(name, "%s", found)
}

func all(set map[string]bool, names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !set[n] })
}

func say(names []string, what string) string {
	if len(names) == 0 {
		return ""
	}
	return strings.Join(names, ", ") + " " + what + "; "
}

// fullRing is the number of packets a queue should hold, if the card can: at 10G that is about 2 ms of packets of 1500
// bytes, should the kernel be that late.
const fullRing = 2048

// rings says how many packets the card's queues hold.
func rings(l *look, c *card) Check {
	const name = "rings"
	r, err := l.Kernel.Rings(c.Name)
	if err != nil {
		return bad(name, Missing, "not told: "+reason(err), "")
	}
	found := fmt.Sprintf("rx %d of %d, tx %d of %d", r.RX.Now, r.RX.Most, r.TX.Now, r.TX.Most)
	fix := ""
	if want := min(r.RX.Most, fullRing); r.RX.Now < want {
		fix += fmt.Sprintf(" rx %d", want)
	}
	if want := min(r.TX.Most, fullRing); r.TX.Now < want {
		fix += fmt.Sprintf(" tx %d", want)
	}
	if fix != "" {
		return bad(name, Slow, found, "the link is down for a moment", "ethtool -G "+c.Name+fix)
	}
	return ok(name, "%s", found)
}
