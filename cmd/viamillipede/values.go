package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"viamillipede/engine"
	"viamillipede/engine/schedule"
)

// argument is one word that follows a keyword.
type argument struct {
	name     string                                  // as the help text shows it
	want     string                                  // completes "expected ..."
	choices  []string                                // words to suggest after a near miss
	meant    func(word string) string                // not nil: how to write what the word means, or ""
	literal  bool                                    // a word that equals a keyword is taken as it is
	optional func(word string) bool                  // not nil: absent where this is false for the next word
	set      func(inv *invocation, word string) bool // false: the word is not what is wanted
}

// number is a whole number from least to most.
func number(name string, least, most int64, set func(*invocation, int64)) argument {
	return argument{
		name: name,
		want: fmt.Sprintf("a number from %d to %d", least, most),
		set: func(inv *invocation, word string) bool {
			n, ok := parseNumber(word)
			if !ok || n < least || n > most {
				return false
			}
			set(inv, n)
			return true
		},
	}
}

// numberOrAuto is a whole number from least to most, or auto, which is 0.
func numberOrAuto(name string, least, most int64, set func(*invocation, int64)) argument {
	a := number(name, least, most, set)
	a.want += ", or auto"
	a.choices = []string{"auto"}
	number := a.set
	a.set = func(inv *invocation, word string) bool {
		if word == "auto" {
			set(inv, 0)
			return true
		}
		return number(inv, word)
	}
	return a
}

// size is a number of bytes from least to most and a multiple of step.
func size(least, most, step int64, set func(*invocation, int64)) argument {
	want := fmt.Sprintf("a size from %s to %s (bytes, or with k, M or G)", sizeText(least), sizeText(most))
	if step > 1 {
		want = fmt.Sprintf("a size from %s to %s and a multiple of %s", sizeText(least), sizeText(most), sizeText(step))
	}
	return argument{
		name: "SIZE", want: want, meant: binarySize,
		set: func(inv *invocation, word string) bool {
			n, ok := parseSize(word)
			if !ok || n < least || n > most || n%step != 0 {
				return false
			}
			set(inv, n)
			return true
		},
	}
}

// port is a TCP port.
func port(set func(*invocation, uint16)) argument {
	a := number("PORT", 1, 65535, func(inv *invocation, n int64) { set(inv, uint16(n)) })
	a.want = "a port from 1 to 65535"
	return a
}

// optionalPort is a port that may be left out; only a word that looks like a number is taken for one.
func optionalPort(set func(*invocation, uint16)) argument {
	a := port(set)
	a.optional = func(word string) bool {
		word = strings.TrimLeft(word, "+-")
		return word != "" && word[0] >= '0' && word[0] <= '9'
	}
	return a
}

// address is an IP address of this host.
func address(set func(*invocation, netip.Addr)) argument {
	return argument{
		name: "ADDR",
		want: "an IPv4 or IPv6 address of this host",
		set: func(inv *invocation, word string) bool {
			host, ok := parseHost(word)
			addr, err := netip.ParseAddr(host)
			if !ok || err != nil {
				return false
			}
			set(inv, addr.Unmap())
			return true
		},
	}
}

// longestDevice is the length of the longest name that a network device can have (IFNAMSIZ).
const longestDevice = 15

// source is where links leave this host: a network device or an IP address, whether it is there yet or not.
func source(set func(*invocation, engine.Via)) argument {
	return argument{
		name: "DEV|ADDR",
		want: "a network device (1 to 15 bytes, no space, / or :) or an address of this host",
		set: func(inv *invocation, word string) bool {
			host, ok := parseHost(word)
			if addr, err := netip.ParseAddr(host); ok && err == nil {
				set(inv, engine.Via{Addr: addr.Unmap()})
				return true
			}
			set(inv, engine.Via{Device: word})
			return plainDevice(word)
		},
	}
}

// plainDevice reports whether word could be a device's name: no address that went wrong, no path.
func plainDevice(word string) bool {
	return len(word) > 0 && len(word) <= longestDevice && strings.Trim(word, "0123456789.") != "" &&
		!strings.ContainsAny(word, ":/[]%") && plain(word)
}

// sports is a list of source ports, or balanced.
func sports() argument {
	return argument{
		name: "LIST|balanced", choices: []string{"balanced"},
		want: "balanced or source ports from 1 to 65535 such as 40001,40003 or 40000-40015",
		set: func(inv *invocation, word string) bool {
			if word == "balanced" {
				inv.lastPath().Sports.Balanced = true
				return true
			}
			list, ok := parsePorts(word)
			inv.lastPath().Sports.List = list
			return ok
		},
	}
}

// parsePorts reads ports and ranges of them, each port once.
func parsePorts(word string) (ports []uint16, ok bool) {
	seen := make(map[uint16]bool)
	for part := range strings.SplitSeq(word, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		first, ok1 := parseNumber(low)
		last, ok2 := parseNumber(high)
		if !ok1 || !ok2 || first < 1 || last > 65535 || first > last {
			return nil, false
		}
		for port := first; port <= last; port++ {
			if seen[uint16(port)] {
				return nil, false
			}
			seen[uint16(port)] = true
			ports = append(ports, uint16(port))
		}
	}
	return ports, true
}

// choice is one of a few words, or the only one.
func choice(choices []string, set func(*invocation, string)) argument {
	last := len(choices) - 1
	want := choices[last]
	if last > 0 {
		want = strings.Join(choices[:last], ", ") + " or " + want
	}
	return argument{
		name:    strings.Join(choices, "|"),
		want:    want,
		choices: choices,
		set: func(inv *invocation, word string) bool {
			for _, c := range choices {
				if c == word {
					set(inv, word)
					return true
				}
			}
			return false
		},
	}
}

// The range of a time given in seconds, apart from 0. The least is what a timer can keep; the most, 31 years, is far from
// what overflows a time.Duration.
const (
	leastSeconds = 0.001
	mostSeconds  = 1e9
)

// seconds is a time with or without a fraction; 0 is one of them only where zero is not "".
func seconds(zero string, set func(*invocation, time.Duration)) argument {
	want := "seconds, 0.001 or more"
	if zero != "" {
		want += ", or 0 " + zero
	}
	return argument{
		name: "SECONDS", want: want, meant: plainSeconds,
		set: func(inv *invocation, word string) bool {
			if strings.Trim(word, "0123456789.") != "" {
				return false
			}
			s, err := strconv.ParseFloat(word, 64)
			if err != nil || s > mostSeconds || s < leastSeconds && (s != 0 || zero == "") {
				return false
			}
			set(inv, time.Duration(s*float64(time.Second)))
			return true
		},
	}
}

// plainSeconds is a time with units, such as 1h30m, in seconds; "" if the word is none.
func plainSeconds(word string) string {
	d, err := time.ParseDuration(word)
	if err != nil || d <= 0 {
		return ""
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

// spill is a time in milliseconds, or never.
func spill(set func(*invocation, time.Duration)) argument {
	const most = int64(schedule.SpillMost / time.Millisecond)
	a := number("MS|never", 0, most, func(inv *invocation, n int64) {
		set(inv, max(time.Duration(n)*time.Millisecond, schedule.SpillAtOnce))
	})
	a.want = fmt.Sprintf("milliseconds from 0 to %d, or never", most)
	a.choices = []string{"never"}
	number := a.set
	a.set = func(inv *invocation, word string) bool {
		if word == "never" {
			set(inv, schedule.SpillNever)
			return true
		}
		return number(inv, word)
	}
	return a
}

// seed is an unsigned 64-bit number, decimal or hexadecimal after 0x.
func seed(set func(*invocation, uint64)) argument {
	return argument{
		name: "SEED",
		want: "a number from 0 to 18446744073709551615, or in hexadecimal after 0x",
		set: func(inv *invocation, word string) bool {
			base := 10
			if hex, cut := strings.CutPrefix(word, "0x"); cut {
				word, base = hex, 16
			}
			n, err := strconv.ParseUint(word, base, 64)
			if err != nil {
				return false
			}
			set(inv, n)
			return true
		},
	}
}

// phrase is 4 bytes of any kind, but not all zero: that stands for none on the wire.
func phrase(set func(*invocation, [4]byte)) argument {
	return argument{
		name:    "XXXX",
		want:    "exactly 4 bytes",
		literal: true,
		set: func(inv *invocation, word string) bool {
			if len(word) != 4 || [4]byte([]byte(word)) == [4]byte{} {
				return false
			}
			set(inv, [4]byte([]byte(word)))
			return true
		},
	}
}

// congestion is "auto", "system" or what the kernel could take as the name of a congestion control.
func congestion(set func(*invocation, string)) argument {
	return argument{
		name: "NAME|system|auto",
		want: "auto, system or the name of a congestion control (1 to 15 of a-z, 0-9, _ and -)",
		set: func(inv *invocation, word string) bool {
			if len(word) < 1 || len(word) > 15 || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
				return false
			}
			set(inv, word)
			return true
		},
	}
}

// folder is a folder's name; it is made when the run starts.
func folder(set func(*invocation, string)) argument {
	return argument{
		name:    "DIR",
		want:    "a folder",
		literal: true,
		set: func(inv *invocation, word string) bool {
			set(inv, word)
			return namesFile(word)
		},
	}
}

// namesFile reports whether a word can be the name of a file or of a folder.
func namesFile(word string) bool { return word != "" && !strings.Contains(word, "\x00") }
