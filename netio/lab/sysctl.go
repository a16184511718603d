package lab

import "os"

// Sysctl writes a setting of a side's network, named by its file below /proc/sys.
func (l *Lab) Sysctl(side Side, name, value string) error {
	return l.sides[side].visit(func() error {
		return os.WriteFile("/proc/sys/"+name, []byte(value), 0) // concerns the namespace of the thread that opens it
	})
}
