// Package flowhash says which lane a TCP connection takes, a lane being one physical member of a LAG, one path of an ECMP
// group or one receive queue of a network card, and chooses source ports that fill all lanes evenly.
//
// Lanes are chosen per connection, by a hash of its addresses and ports. Some hashes are known exactly, and then every
// source port can be tried on paper (Bond, RSS: Predictor). Some are not (Unknown), and then lanes have to be measured; a
// balanced choice can be made from what was observed as well (Choice). The functions are pure: none opens a socket, and
// only ReadBond reads files.
//
// # How sure it is
//
// RSS is checked against all the vectors that Microsoft published for it. The bonding formulas were read in the kernel's
// source and are checked against vectors worked out by hand, no more: the machine that this was written on has no bonding
// driver, so no packet was seen to take the lane that was predicted. Distributions patch their kernels, too. Compare what was
// predicted with what was found (Table).
//
// A hash is the sender's. That of a bond decides where what this host sends leaves it; which member of a LAG brings the
// answers in is decided by the switch, whose hash is its own.
package flowhash
