// Package flowhash is pure arithmetic: the hashes by which Linux bonds and network cards choose a lane for a TCP
// connection, where a lane is one member of a bond or one receive queue of a card, and the choice of source ports that
// fill all lanes evenly. It opens no files and no sockets; netio/lane and netio/ethtool read its inputs.
//
//	flow.go    the addresses and ports that are hashed
//	bond.go    a bond: which of its members send, and the lane of a flow
//	policy.go  what it hashes, and how
//	kernel.go  the formulas changed over time
//	rss.go     a card's receive queue
//	choose.go  source ports for all lanes
//	ports.go   ranges of ports, as the kernel writes them
//
// # How sure it is
//
// RSS is checked against all the vectors that Microsoft published. The bonding formulas come from the kernel's source and
// are only checked against vectors worked out by hand: the machine that this was written on has no bonding driver, so no
// packet was seen to take the predicted lane. Distributions also patch their kernels. Compare predictions with
// measurements.
//
// The sender's hash decides. A bond's hash chooses the member by which this host's packets leave; the switch, with a hash
// of its own, chooses the member of the LAG by which the replies come in.
package flowhash
