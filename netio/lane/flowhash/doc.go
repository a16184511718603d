// Package flowhash is arithmetic: the hashes by which Linux bonds and network cards choose a lane for a TCP connection, a lane
// being one member of a bond or one receive queue of a card, and the choice of source ports that fill all lanes evenly. It
// opens no file and no socket; what it computes with is read by netio/lane and netio/ethtool.
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
// RSS is checked against all the vectors that Microsoft published for it. The bonding formulas were read in the kernel's
// source and are checked against vectors worked out by hand, no more: the machine that this was written on has no bonding
// driver, so no packet was seen to take the lane that was predicted. Distributions patch their kernels, too. Compare what was
// predicted with what was measured.
//
// A hash is the sender's. That of a bond decides where what this host sends leaves it; which member of a LAG brings the
// answers in is decided by the switch, whose hash is its own.
package flowhash
