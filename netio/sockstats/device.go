package sockstats

import "golang.org/x/sys/unix"

// device is a network device as far as it matters to the flows that come in on it.
type device struct{ name, driver string }

// findDevice looks the device up in the network namespace of the socket. What cannot be found is empty.
func findDevice(socket int, index uint32) (d device) {
	request, err := unix.NewIfreq("")
	if err != nil {
		return d
	}
	request.SetUint32(index)
	if unix.IoctlIfreq(socket, unix.SIOCGIFNAME, request) != nil {
		return d
	}
	d.name = request.Name()
	if info, err := unix.IoctlGetEthtoolDrvinfo(socket, d.name); err == nil {
		d.driver = unix.ByteSliceToString(info.Driver[:])
	}
	return d
}

// queue makes the number of the RX queue, or -1, of what a packet has of it (skb_record_rx_queue in linux/skbuff.h: the
// number and one, and 0 is not recorded). A veth device does not record it. It leaves the number of the TX queue of its
// other end, from 0, and that is the number of its own RX queue too.
func (d device) queue(mapping uint32) int {
	if d.driver == "veth" {
		return int(mapping)
	}
	return int(mapping) - 1
}
