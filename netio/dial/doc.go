// Package dial is the control path of the network: how connections come about, and where they lead. Nothing of it is on the data
// path: its calls may wait, and ask the kernel by netlink (rtnetlink(7)).
//
//	resolve.go     the addresses of a name, in the order in which to try them
//	dial.go        a connection to one of them, from an address, a port or a device
//	congestion.go  its congestion control
//	listen.go      a listener
//	group.go       several on one port
//	steering.go    which of them gets a connection
//	route.go       which device belongs to an address
//	zone.go        the device that the zone of an address names
//	card.go        whether a connection leaves this machine by a network card
//	watch.go       when devices, addresses or routes change
//	errors.go      what errors of all this say
package dial
