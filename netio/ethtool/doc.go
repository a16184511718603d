// Package ethtool asks the kernel, and through it a network device's driver, what ethtool(8) shows: queues, rings, features,
// speed, and how received packets are spread over queues. It reads and never sets.
//
// It uses generic netlink, family "ethtool" (Documentation/networking/ethtool-netlink.rst), Linux 5.6 and later; for the
// spread, 6.3. This needs no privileges. Everything concerns the network namespace of the calling thread.
//
// Each function sends one request. Its errors wrap the kernel's: errors.ErrUnsupported means that the driver or the
// kernel does not know the request, ENODEV that there is no such device, fs.ErrNotExist that the kernel lacks the family.
package ethtool
