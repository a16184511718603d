package voice

// foot is text below what is written, for a terminal. It is guarded by Voice.mu.
//
// Whatever is written stands where the foot was, and the foot below that. So that lines of other programs do not run into it either,
// the cursor rests on the line above it, where it was.
type foot struct {
	drawn string // what shows it and puts the cursor back; "": nothing is to be shown
	due   bool   // it is to be shown, or taken away, though nothing else is to be written
	shown bool   // it is on the terminal
}

// wipe takes the foot away: it erases from the cursor to the end of the screen (ED, console_codes(4)).
const wipe = "\x1b[J"

// Foot shows text below what is written from now on, until the next call; "" shows nothing. drawn shows it and leaves the cursor where
// it was (see Draw). It never waits; what the terminal has not taken by the next call is not shown at all.
func (v *Voice) Foot(drawn string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.drawn = drawn; drawn != "" || v.shown {
		v.due = true
		v.begin()
	}
}

// around puts what is said where the foot is, and the foot below it; nil: nothing is to be written. Call it under mu.
func (v *Voice) around(said []byte) []byte {
	if said == nil && !v.due || v.drawn == "" && !v.shown {
		return said
	}
	var text []byte
	if v.shown {
		text = append(text, wipe...)
	}
	text = append(append(text, said...), v.drawn...)
	v.due, v.shown = false, v.drawn != ""
	return text
}

// Draw is what shows lines below the cursor, each in at most as many characters as a row has, and puts the cursor back. Rows are made
// by moving down first, which scrolls at the bottom of the screen, so that the place that is then remembered stays right.
func Draw(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	var down, up, text string
	for _, line := range lines {
		down += "\x1bD" // IND
		up += "\x1b[A"  // CUU
		text += "\r\n" + line
	}
	return down + up + "\x1b7" + text + "\x1b8" // DECSC, DECRC
}
