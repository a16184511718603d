package dial

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// ZoneNow replaces a zone that is a device's name with the index that the device has now (RFC 4007, section 11), and
// returns any other address unchanged. A recreated device has another index, and Go's own table of them may be a minute
// old. ENODEV: there is no such device.
func ZoneNow(a netip.Addr) (netip.Addr, error) {
	zone := a.Zone()
	if zone == "" {
		return a, nil
	}
	if _, err := strconv.Atoi(zone); err == nil {
		return a, nil
	}
	index, err := deviceIndex(zone)
	if err != nil {
		return a, fmt.Errorf("device %s: %w", zone, err)
	}
	return a.WithZone(strconv.Itoa(index)), nil
}

// deviceIndex asks the kernel for the index of a device (SIOCGIFINDEX, netdevice(7)).
func deviceIndex(name string) (int, error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return 0, unix.ENODEV // no device has such a name
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
		return 0, err
	}
	return int(int32(ifr.Uint32())), nil
}

// SameZone reports, as an *os.SyscallError, that the device of an address's zone is gone or was recreated since ZoneNow
// returned at.
func SameZone(a, at netip.Addr) error {
	if now, err := ZoneNow(a); err == nil && now == at {
		return nil
	}
	return os.NewSyscallError("device "+a.Zone(), unix.ENODEV)
}
