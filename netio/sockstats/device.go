package sockstats

import "golang.org/x/sys/unix"

// device is what matters about a network device to the flows that come in on it.
type device struct{ name, driver string }

// findDevice looks the device up in the network namespace of the socket. Fields that cannot be found are empty.
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

// queue returns the number of the RX queue, or -1, from what a packet carries (skb_record_rx_queue in linux/skbuff.h: the
// number plus one; 0 if not recorded). A veth device does not record it: it leaves the number of its peer's TX queue,
// from 0, which is also the number of its own RX queue.
func (d device) queue(mapping uint32) int {
	if d.driver == "veth" {
		return int(mapping)
	}
	return int(mapping) - 1
}
