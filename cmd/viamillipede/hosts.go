package main

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// host is a name or an address.
func host(set func(*invocation, string)) argument {
	return argument{
		name: "HOST", meant: withoutPort,
		want: "a host (a name or an address, without a port)",
		set: func(inv *invocation, word string) bool {
			h, ok := parseHost(word)
			if ok {
				set(inv, h)
			}
			return ok
		},
	}
}

// hostAndPort are a host to dial and its port, as two words or as HOST:PORT.
func hostAndPort(dial func(*invocation, string)) []argument {
	ported := false // the host had its port
	where := host(nil)
	where.want = "a host (a name or an address)"
	where.set = func(inv *invocation, word string) bool {
		h, port, ok := parseDestination(word)
		if ok {
			dial(inv, h)
			inv.lastPath().Port = port
		}
		ported = port != 0
		return ok
	}
	number := optionalPort(func(inv *invocation, p uint16) { inv.lastPath().Port = p })
	looks := number.optional
	number.optional = func(word string) bool { return !ported && looks(word) }
	return []argument{where, number}
}

// parseDestination takes a host as parseHost does, or HOST:PORT, where an IPv6 address needs its brackets; port 0: it has none.
func parseDestination(word string) (host string, port uint16, ok bool) {
	if host, ok = parseHost(word); ok {
		return host, 0, true
	}
	i := strings.LastIndexByte(word, ':')
	if i < 0 {
		return "", 0, false
	}
	host, ok = parseHost(word[:i])
	n, numbered := parseNumber(word[i+1:])
	bare := strings.Contains(host, ":") && word[0] != '['
	return host, uint16(n), ok && !bare && numbered && n >= 1 && n <= 65535
}

// withoutPort is the host of HOST:PORT; "" if the word is no such thing.
func withoutPort(word string) string {
	host, port, ok := parseDestination(word)
	if !ok || port == 0 {
		return ""
	}
	return host
}

// maxName is the longest name that DNS can carry, with a dot at its end.
const maxName = 254

// parseHost takes an address, an IPv6 one with or without brackets, or what could be a name.
func parseHost(word string) (host string, ok bool) {
	if bare, cut := strings.CutPrefix(word, "["); cut {
		bare, cut = strings.CutSuffix(bare, "]")
		addr, err := netip.ParseAddr(bare)
		return bare, cut && err == nil && addr.Is6() && plain(bare)
	}
	if _, err := netip.ParseAddr(word); err == nil {
		return word, plain(word)
	}
	return word, plainName(word)
}

// plainName reports whether word could be a host's name: no address that went wrong, no option, no host:port, no path.
func plainName(word string) bool {
	return len(word) > 0 && len(word) <= maxName && word[0] != '-' && word[0] != '.' &&
		strings.Trim(word, "0123456789.") != "" && !strings.ContainsAny(word, ":/[]@=\"'\\") && plain(word)
}

// plain reports whether word is UTF-8 free of spaces and control characters, so that it fits in a line for the user.
func plain(word string) bool {
	return utf8.ValidString(word) &&
		!strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || !strconv.IsPrint(r) })
}
