package lane

import (
	"fmt"
	"strconv"
	"strings"

	"viamillipede/netio/host"
	"viamillipede/netio/lane/flowhash"
)

// cutShort is what the kernel writes if one page cannot hold all members (bonding_show_slaves).
const cutShort = "++more++"

// readBond reads what /sys says about a bond; Kernel is left to the caller.
//
// Errors: fs.ErrNotExist if there is no such device or it is not a bond; a file with unexpected content, by name. A
// missing file of a member counts as unknown, and a member about which nothing is known as able to send.
func readBond(root host.Root, device string) (flowhash.Bond, error) {
	r := reader{Root: root}
	b := flowhash.Bond{Device: device}
	if !isName(device) {
		return b, fmt.Errorf("network device %q: not a name", device)
	}
	dir := netDir(device) + "/bonding/"
	b.Mode = parsed(&r, dir+"mode", flowhash.ParseMode)
	b.Policy = parsed(&r, dir+"xmit_hash_policy", flowhash.ParsePolicy)
	names := r.need(dir + "slaves")
	if b.Mode == flowhash.LACP {
		b.Aggregator = r.number(dir + "ad_aggregator")
	}
	b.Active = r.Text(dir + "active_slave")
	for name := range strings.FieldsSeq(names) {
		if !isName(name) || name == cutShort {
			r.fail(dir+"slaves", fmt.Errorf("expected names of devices, got %q", name))
			break
		}
		b.Slaves = append(b.Slaves, r.slave(name))
	}
	return b, r.err
}

// netDir is the folder of a network device.
func netDir(device string) string { return "sys/class/net/" + device }

// isName rejects what is not the name of a device, before it becomes part of a path.
func isName(s string) bool { return s != "" && s != "." && s != ".." && !strings.Contains(s, "/") }

// slave reads one member.
func (r *reader) slave(name string) flowhash.Slave {
	dir := netDir(name)
	s := flowhash.Slave{Name: name, Active: true, Up: true}
	if state := r.Text(dir + "/bonding_slave/state"); state != "" {
		s.Active = state == "active"
	}
	if status := r.Text(dir + "/bonding_slave/mii_status"); status != "" {
		s.Up = status == "up"
	}
	switch r.Text(dir + "/operstate") { // Documentation/ABI/testing/sysfs-class-net
	case "down", "lowerlayerdown", "notpresent":
		s.Up = false
	}
	if text := r.Text(dir + "/bonding_slave/ad_aggregator_id"); text != "N/A" {
		s.Aggregator = r.number(dir + "/bonding_slave/ad_aggregator_id")
	}
	return s
}

// reader reads files below a root and keeps the first error. An optional file that is missing or unreadable now, such as
// the link of a device that is down, is "".
type reader struct {
	host.Root
	err error
}

func (r *reader) fail(name string, err error) {
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("/%s: %w", name, err)
	}
}

// need returns the content of a file that must be readable.
func (r *reader) need(name string) string {
	text, err := r.Read(name)
	if err != nil && r.err == nil {
		r.err = err // it names the file
	}
	return text
}

// parsed returns what parse makes of a file; on an error, which r keeps, the zero value.
func parsed[T any](r *reader, name string, parse func(string) (T, error)) (value T) {
	text := r.need(name)
	if r.err != nil {
		return value
	}
	value, err := parse(text)
	r.fail(name, err)
	return value
}

// number reads an optional number; 0 if it is not known.
func (r *reader) number(name string) int {
	text := r.Text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		r.fail(name, fmt.Errorf("expected a number, got %q", text))
	}
	return n
}
