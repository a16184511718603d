// Package ethtool asks the kernel, and through it a network device's driver, what ethtool(8) shows: queues, rings, features,
// speed, and how received packets are spread over queues. It reads and never sets.
//
// The questions go by generic netlink, family "ethtool" (Documentation/networking/ethtool-netlink.rst), Linux 5.6 and later;
// the spread is answered since 6.3. They take no rights. They are about the network namespace of the calling thread.
//
// Each function asks one question and gives one answer. Their errors wrap what the kernel said: errors.ErrUnsupported is a
// driver or a kernel that does not know, ENODEV no such device, fs.ErrNotExist a kernel without the family.
package ethtool
