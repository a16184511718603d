package affinity

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// quota is how many CPUs' worth of time the cgroups grant the process: the least limit in the hierarchy; 0 if there is
// none.
func (t tree) quota() (float64, error) {
	least := 0.0
	for _, g := range t.Cgroups("cpu") {
		grant, err := t.grant(g.Dir, g.Version)
		if err != nil {
			return 0, err
		}
		if grant > 0 && (least == 0 || grant < least) {
			least = grant
		}
	}
	return least, nil
}

// grant reads the limit of one cgroup, in CPUs; 0 if there is none.
func (t tree) grant(dir string, version int) (float64, error) {
	if version == 2 {
		return t.grant2(path.Join(dir, "cpu.max"))
	}
	quota, err := t.number(path.Join(dir, "cpu.cfs_quota_us"), -1)
	if err != nil || quota <= 0 {
		return 0, err
	}
	name := path.Join(dir, "cpu.cfs_period_us")
	period, err := t.number(name, 100_000) // the kernel's default
	if err != nil {
		return 0, err
	}
	if period <= 0 {
		return 0, t.malformed(name, fmt.Errorf("expected microseconds, got %d", period))
	}
	return float64(quota) / float64(period), nil
}

// grant2 reads a cpu.max: the microseconds granted, or "max", and the period, in microseconds.
func (t tree) grant2(name string) (float64, error) {
	fields := strings.Fields(t.Text(name))
	if len(fields) == 0 || len(fields) == 2 && fields[0] == "max" {
		return 0, nil
	}
	if len(fields) == 2 {
		quota, err1 := strconv.ParseUint(fields[0], 10, 63)
		period, err2 := strconv.ParseUint(fields[1], 10, 63)
		if err1 == nil && err2 == nil && quota > 0 && period > 0 {
			return float64(quota) / float64(period), nil
		}
	}
	return 0, t.malformed(name, fmt.Errorf(`expected "max" or microseconds, and the period, got %q`, strings.Join(fields, " ")))
}
