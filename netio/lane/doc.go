// Package lane finds the lanes by which connections to an address leave this host, what each lane has sent, and which of
// them a connection takes. Here a lane is one device: a member of a bond or team, the device of one of several equal
// routes (ECMP), or the only device there is.
//
//	set.go      Find: the lanes to an address
//	count.go    what each lane has sent, as its device counts it
//	ask.go      the kernel is asked which route one connection takes, by its ports too
//	predict.go  which lane a connection takes: the bond's formula, or the kernel's answer
//	readbond.go what that formula computes with
//	flowhash    the formulas
//	ports.go    source ports that fill all lanes evenly
//
// Only this host's own choice is known. Switches and routers on the path choose for themselves, by other hashes.
//
// It sends nothing and needs no privileges. Everything concerns the network namespace of the calling thread.
package lane
