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
	LACPRate   string // "slow" or "fast": how often LACP speaks; "" is not told
	Aggregator int    // the 802.3ad aggregator that carries traffic; 0: none, or another mode
	Ports      int    // members of that aggregator as LACP counts them
	Active     string // the member in use of active-backup; "" is none
	Slaves     []Slave
	Kernel     Kernel // whose formula Lane uses; ReadBond leaves it at the newest
}

// Slave is a member of a bond.
type Slave struct {
	Name       string
	Address    [6]byte // permanent MAC address: in the bond it wears the bond's; zero is not told
	Speed      int     // Mbit/s; 0 is not told, as for one without a link
	Active     bool    // the bond has it send ("active", not "backup")
	Up         bool    // the bond's link monitor, and the device, say that it has a link
	Aggregator int     // its 802.3ad aggregator; 0 is not told
}

// Modes that are told apart here.
const (
	modeActiveBackup = "active-backup"
	modeXOR          = "balance-xor"
	mode8023AD       = "802.3ad"
)

// Lanes gives the members that frames leave by. Its order is that of the index that Policy.Lane gives.
//
// What is known of the order: the kernel keeps an array of usable members (usable_slaves), which bond_update_slave_arr fills in
// the order of the bond's list of members, leaving out those that cannot send and, with 802.3ad, those of another aggregator
// than the one in use. The list is in the order in which members were added, and the file "slaves" shows it.
//
// What is not: after a change of links the array is filled anew a moment later, and ReadBond reads one file after the other,
// so what it saw may be of both sides of a change. Where memory runs out when a member is taken away, the last one moves into
// its place. And a queue that tc gave to a member (queue_id) goes past the hash.
func (b Bond) Lanes() []Slave {
	if b.Mode == modeActiveBackup {
		i := slices.IndexFunc(b.Slaves, func(s Slave) bool { return s.Name == b.Active })
		if b.Active == "" || i < 0 {
			return nil
		}
		return b.Slaves[i : i+1]
	}
	var usable []Slave
	for _, slave := range b.Slaves {
		if slave.Active && slave.Up && (b.Mode != mode8023AD || slave.Aggregator == b.Aggregator) {
			usable = append(usable, slave)
		}
	}
	return usable
}

// Check says why Lane knows nothing: a mode whose choice is no matter of a hash (balance-rr sends packets in turn, broadcast
// sends each everywhere, balance-tlb and balance-alb go by load), a policy that is not predictable, or no member that sends.
func (b Bond) Check() error {
	switch b.Mode {
	case modeActiveBackup:
	case modeXOR, mode8023AD:
		if !b.Policy.Predictable() {
			return fmt.Errorf("bond %s: the lanes of policy %s cannot be told, TCP gives its packets a random hash", b.Device, b.Policy)
		}
	default:
		return fmt.Errorf("bond %s: mode %s chooses by no hash", b.Device, b.Mode)
	}
	if len(b.Lanes()) == 0 {
		return fmt.Errorf("bond %s: no member can send", b.Device)
	}
	return nil
}

// Lane gives the index in Lanes of the member that a flow of this host leaves by.
func (b Bond) Lane(f Flow) (lane int, known bool) {
	if b.Check() != nil || !f.valid() {
		return 0, false
	}
	return b.lane(f, len(b.Lanes())), true
}

func (b Bond) lane(f Flow, lanes int) int {
	if b.Mode == modeActiveBackup {
		return 0
	}
	return b.Policy.LaneOn(b.Kernel, f, lanes)
}

// Candidates prepares for trying ports.
func (b Bond) Candidates(f Flow) func(port uint16) (lane int, known bool) {
	if b.Check() != nil || !f.valid() {
		return Unknown("").Candidates(f)
	}
	lanes := len(b.Lanes())
	return func(port uint16) (int, bool) { return b.lane(f.from(port), lanes), true }
}
