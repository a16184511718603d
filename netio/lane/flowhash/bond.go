package flowhash

import (
	"fmt"
	"slices"
)

// Bond is a Linux bond as its sysfs files describe it.
type Bond struct {
	Device     string
	Mode       string // "802.3ad", "balance-xor", "active-backup", ...: a name of bonding.rst
	Policy     Policy // what is hashed, in the modes that hash
	Aggregator int    // the 802.3ad aggregator that carries traffic; 0 if there is none, or in another mode
	Active     string // the member that active-backup uses; "" if none
	Slaves     []Slave
	Kernel     Kernel // whose formula Lane uses
}

// Slave is a member of a bond.
type Slave struct {
	Name       string
	Active     bool // the bond sends by it ("active", not "backup")
	Up         bool // the bond's link monitor, and the device, say that it has a link
	Aggregator int  // its 802.3ad aggregator; 0 if not known
}

// The modes that matter here.
const (
	ActiveBackup = "active-backup"
	XOR          = "balance-xor"
	LACP         = "802.3ad"
)

// modeNames are the names in sysfs, indexed by the kernel's numbers (bonding.rst, mode).
var modeNames = []string{"balance-rr", ActiveBackup, XOR, "broadcast", LACP, "balance-tlb", "balance-alb"}

// ParseMode reads what /sys/class/net/bond0/bonding/mode says, "802.3ad 4", or the name alone. The error quotes what was
// found: an unknown name, or a number that is not the name's.
func ParseMode(text string) (string, error) { return nameAndNumber(text, modeNames) }

// Lanes returns the members that frames leave by, in the order of the index that Policy.Lane returns.
//
// What is known about the order: the kernel keeps an array of usable members (usable_slaves). bond_update_slave_arr fills
// it in the order of the bond's list of members, without those that cannot send and, with 802.3ad, those of an aggregator
// not in use. The list has the order in which members were added, and the file "slaves" shows it.
//
// What is not known: after a change of links the kernel rebuilds the array a moment later, and sysfs is read one file
// after another, so what was read may mix the states before and after a change. If memory runs out when a member is
// removed, the last one moves into its place. And traffic that tc assigned to a member (queue_id) bypasses the hash.
func (b Bond) Lanes() []Slave {
	if b.Mode == ActiveBackup {
		i := slices.IndexFunc(b.Slaves, func(s Slave) bool { return s.Name == b.Active })
		if b.Active == "" || i < 0 {
			return nil
		}
		return b.Slaves[i : i+1]
	}
	var usable []Slave
	for _, slave := range b.Slaves {
		if slave.Active && slave.Up && (b.Mode != LACP || slave.Aggregator == b.Aggregator) {
			usable = append(usable, slave)
		}
	}
	return usable
}

// Check says why Lane cannot know the lane: the mode does not choose by a hash (balance-rr sends packets in turn,
// broadcast sends each one everywhere, balance-tlb and balance-alb choose by load), the policy is not predictable, or no
// member sends.
func (b Bond) Check() error {
	switch b.Mode {
	case ActiveBackup:
	case XOR, LACP:
		if !b.Policy.Predictable() {
			return fmt.Errorf("bond %s: the lanes of policy %s cannot be predicted, TCP gives its packets a random hash", b.Device, b.Policy)
		}
	default:
		return fmt.Errorf("bond %s: mode %s does not choose by a hash", b.Device, b.Mode)
	}
	if len(b.Lanes()) == 0 {
		return fmt.Errorf("bond %s: no member can send", b.Device)
	}
	return nil
}

// Lane returns the index in Lanes of the member by which a flow of this host leaves.
func (b Bond) Lane(f Flow) (lane int, known bool) {
	if b.Check() != nil || !f.valid() {
		return 0, false
	}
	if b.Mode == ActiveBackup {
		return 0, true
	}
	return b.Policy.Lane(b.Kernel, f, len(b.Lanes())), true
}
