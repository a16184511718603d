package main

import (
	"strconv"
	"time"

	"viamillipede/affinity"
)

// topic is the keyword that help is asked about.
func topic() argument {
	return argument{
		name: "KEYWORD", want: "a keyword",
		literal:  true,
		optional: func(string) bool { return true },
		set: func(inv *invocation, word string) bool {
			inv.topic = word
			return true
		},
	}
}

// patient is the host to which doctor examines the way, if one is named.
func patient() argument {
	a := host(func(inv *invocation, h string) { inv.patient = h })
	a.optional = func(word string) bool { return word != jsonWord }
	return a
}

// profileWord is a kind of profile.
func profileWord(set func(*invocation, string)) argument {
	var kinds []string
	for _, k := range profileKinds() {
		kinds = append(kinds, k.name)
	}
	a := choice(kinds, set)
	a.name, a.literal = "KIND", true // threads is a keyword, too
	return a
}

// forPrograms makes doctor write JSON.
func forPrograms() argument {
	return argument{
		name: jsonWord, want: "the same for programs, as one JSON object, with facts beside the verdicts",
		literal:  true, // it is a keyword, too
		optional: func(word string) bool { return word == jsonWord },
		set: func(inv *invocation, _ string) bool {
			inv.json = true
			return true
		},
	}
}

// cpus is a list of CPUs, or a word that leaves the choice to the engine or to the kernel.
func cpus() argument {
	return argument{
		name: "LIST|auto|off", want: "auto, off or a list of CPUs such as 0-3,8", choices: []string{"auto", "off"},
		set: func(inv *invocation, word string) bool {
			inv.options.Pin = word != "off"
			if word == "auto" || word == "off" {
				return true
			}
			list, err := affinity.ParseList(word)
			inv.options.CPUs = list
			return err == nil && len(list) > 0
		},
	}
}

// orForever maps the command line's "0 is for ever" to the engine's "negative is for ever".
func orForever(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func secondsText(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
}
