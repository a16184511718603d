// Package dial is the control path of the network: it makes and accepts connections and finds out where they lead. None
// of it is on the data path, so its calls may block and ask the kernel over netlink (rtnetlink(7)).
//
//	resolve.go     the addresses of a name, in the order in which to try them
//	dial.go        a connection to one of them, from an address, a port or a device
//	congestion.go  its congestion control
//	listen.go      a listener
//	group.go       several on one port
//	inherit.go     or those that the program was started with
//	steering.go    which of them gets a connection
//	route.go       which device belongs to an address
//	zone.go        the device that the zone of an address names
//	card.go        whether a connection leaves this machine by a network card
//	watch.go       when devices, addresses or routes change
//	errors.go      what errors of all this say
package dial
