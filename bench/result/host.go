package result

import (
	"fmt"
	"strconv"
	"strings"
)

// hostKeys are the lines about an end's host.
func hostKeys(end string, h Host) map[string]string {
	keys := map[string]string{}
	before := ofHost + escape(end) + "/"
	for name, field := range h.texts() {
		keys[before+name] = *field
	}
	if h.CPUs != 0 {
		keys[before+"cpus"] = strconv.Itoa(h.CPUs)
	}
	if h.Memory != 0 {
		keys[before+"memory"] = strconv.FormatUint(h.Memory, 10)
	}
	for name, value := range h.Facts {
		keys[before+ofFact+escape(name)] = value
	}
	return keys
}

// texts are the fields that are text, by their names in both forms.
func (h *Host) texts() map[string]*string {
	return map[string]*string{
		"kernel": &h.Kernel, "processor": &h.Processor, "go": &h.Go, "congestion": &h.Congestion, "nic": &h.NIC, "driver": &h.Driver,
	}
}

// setHost takes one line about a host; key is what follows "host/". It returns false for an unknown key.
func (f *File) setHost(key, value string) (bool, error) {
	end, name, ok := strings.Cut(key, "/")
	if !ok {
		return false, nil
	}
	end, err := unescape(end)
	if err != nil {
		return false, err
	}
	h := f.Hosts[end]
	if known, err := h.set(name, value); !known || err != nil {
		return known, err
	}
	if f.Hosts == nil {
		f.Hosts = map[string]Host{}
	}
	f.Hosts[end] = h
	return true, nil
}

// set takes one field.
func (h *Host) set(name, value string) (known bool, err error) {
	if field, ok := h.texts()[name]; ok {
		*field = value
		return true, nil
	}
	switch name {
	case "cpus":
		h.CPUs, err = strconv.Atoi(value)
		return true, err
	case "memory":
		h.Memory, err = strconv.ParseUint(value, 10, 64)
		return true, err
	}
	fact, ok := strings.CutPrefix(name, ofFact)
	if !ok {
		return false, nil
	}
	if fact, err = unescape(fact); err != nil {
		return true, err
	}
	if h.Facts == nil {
		h.Facts = map[string]string{}
	}
	h.Facts[fact] = value
	return true, nil
}

// plain are the characters of a key that stand for themselves. A key may not have capitals at all.
const plain = "abcdefghijklmnopqrstuvwxyz0123456789-._+"

// escape writes every other byte as % and two digits.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(plain, s[i]) >= 0 {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02x", s[i])
		}
	}
	return b.String()
}

// unescape is the reverse. It is an error if a % is not followed by two digits.
func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if len(s) < i+3 {
			return "", fmt.Errorf("expected two digits after %%, found %q", s[i:])
		}
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", fmt.Errorf("expected two digits after %%, found %q", s[i:i+3])
		}
		b.WriteByte(byte(n))
		i += 2
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD"), nil
}
