package stream

import (
	"cmp"
	"errors"
	"fmt"

	"viamillipede/engine/observe"
	"viamillipede/netio/host"
)

// Means is what one end may use of this machine where there is little: the limits of a container, a user or a process
// (netio/host). A field that is 0 sets no limit. A process with two ends gives each its share.
type Means struct {
	Loops  int   // threads that move bytes
	Files  int   // descriptors beyond those that are open
	Aside  int   // of these: for the programs that legs go through, which the end has no use of; 0 where Files is
	Memory int64 // the most bytes that the window may take; the default is a quarter of it
}

// How many descriptors an end has open at the same time.
const (
	filesOfLoop = 3  // an epoll instance, an eventfd and, of a sender, a timer or, of a receiver, a listener
	filesOfEnd  = 5  // changes of the network, a name's two questions, a file of /proc, standard input or output once more
	filesOfLink = 2  // a link, while it is taken over from Go's poller
	filesOfPipe = 2  //
	filesOfBPF  = 24 // programs and maps, of the socket statistics and of the prover
	filesPlenty = 1024

	filesForLoop = 32 // what there must be for each loop to make it worth its own
)

const (
	// PipeSize is the size of a leg's pipe, in bytes. A larger one was measured and is slower.
	PipeSize = 1 << 20
	// pipesMost is how many pipes a sender uses: half of what a user may have over all programs (pipe(7)), and more than are on
	// their way on a short path. Legs beyond that are read into buffers.
	pipesMost = 32
)

// pipesLeast is the fewest pipes with which a sender sends legs by reference.
const pipesLeast = 4

// files is how many descriptors the end itself may open; plenty: so many that none has to be spared.
func (m Means) files() (n int, plenty bool) {
	n = m.Files - m.Aside
	return n, m.Files == 0 || n >= filesPlenty
}

// GuestsMost is how many connections that are not links yet a receiver lets in at the same time.
const GuestsMost = 256

// ErrFewFiles is why something is not opened.
var ErrFewFiles = errors.New("too few descriptors are left (ulimit -n)")

// Thrift is how an end gets by with few descriptors.
type Thrift struct {
	Links  int  // how many are dialled; an end that listens does not decide that
	Pipes  int  // for legs by reference
	Counts bool // whether there are socket statistics
	Seats  int  // of an end that listens: links and guests that are let in at the same time
}

// Afford divides descriptors among loops, the links that are wanted, and what makes those faster. It returns an error if there are
// too few for one link.
func (m Means) Afford(e End, loops, links int) (Thrift, error) {
	pipes, least := pipesMost, pipesLeast
	if e == Receiving {
		pipes, least = loops, 1
	}
	files, plenty := m.files()
	if plenty {
		return Thrift{links, pipes, true, MaxThreads + GuestsMost}, nil
	}
	own := loops*filesOfLoop + filesOfEnd
	left := files - own
	if left < filesOfLink {
		return Thrift{}, TooFewFiles(m.Files, m.Aside+own+filesOfLink)
	}
	t := Thrift{Links: min(links, left/filesOfLink)}
	left -= t.Links * filesOfLink
	if t.Pipes = min(pipes, left/2/filesOfPipe); t.Pipes < least {
		t.Pipes = 0
	}
	left -= t.Pipes * filesOfPipe
	if t.Counts = left >= filesOfBPF; t.Counts {
		left -= filesOfBPF
	}
	t.Seats = left + t.Links*filesOfLink - 1 // one is taken over at a time
	return t, nil
}

// TooFewFiles is why an end, or the program, does not start with so many descriptors left.
func TooFewFiles(left, least int) error {
	descriptors := "descriptors"
	if left == 1 {
		descriptors = "descriptor"
	}
	return fmt.Errorf("%d more %s can be opened (ulimit -n), and at least %d are needed", left, descriptors, least)
}

// WithinMeans makes the window fit what may be used, and reports it if the user asked for more.
func (o Options) WithinMeans(to observe.Observer) Options {
	m := o.Means.Memory
	o.Window = cmp.Or(o.Window, defaultWindow(m))
	if m > 0 && o.Window > max(m, MinWindow) {
		fits := max(m>>20<<20, MinWindow)
		observe.Tell(to, observe.WindowCut{Asked: o.Window, Fits: fits})
		o.Window = fits
		o.Leg = min(o.Leg, int(fits))
	}
	return o
}

// Window is the default of Options.Window.
func (m Means) Window() int64 { return defaultWindow(m.Memory) }

// defaultWindow is DefaultWindow, or an eighth of a small machine's memory, or a quarter of what a window may take.
func defaultWindow(granted int64) int64 {
	w := min(DefaultWindow, host.MachineMemory()/8)
	if granted > 0 {
		w = min(w, granted/4)
	}
	return max(MinWindow, w)
}
