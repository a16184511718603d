// Package lane tells by which lanes connections to an address leave this host, what each lane has sent, and which of them a
// connection takes. A lane is here one device: a member of a bond or of a team, the device of one of several equal routes
// (ECMP), or the only device that there is.
//
//	set.go      Find: the lanes to an address
//	count.go    what each lane has sent, as its device counts it
//	ask.go      the kernel is asked which route one connection takes, by its ports too
//	predict.go  which lane a connection takes: the bond's formula, or the kernel's answer
//	readbond.go what that formula computes with
//	flowhash    the formulas
//	ports.go    source ports that fill all lanes evenly
//
// Only this host's own choice is known. What switches and routers on the way choose is theirs, and by another hash.
//
// Nothing is sent, and nothing takes rights. All of it is about the network namespace of the calling thread.
package lane
