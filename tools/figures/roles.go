package main

// role is what this program does when it has started itself, other than producer, consumer and relay.
type role struct {
	name string
	args int
	run  func(args []string) (status int)
}

func roles() []role {
	return []role{
		{"empty", 0, func([]string) int { return 0 }},
	}
}

// roleOf finds the role that a command line names, if any.
func roleOf(argv []string) (role, bool) {
	if len(argv) < 2 {
		return role{}, false
	}
	for _, r := range roles() {
		if argv[1] == r.name && len(argv) == 2+r.args {
			return r, true
		}
	}
	return role{}, false
}
