package engine

// LosePipe takes the pipe from the receiver's last loop, as where the user has no more of them. Before Run.
func LosePipe(r *Receiver) {
	last := r.loops[len(r.loops)-1]
	if last.pipe != nil {
		r.out.TakeBack(last.pipe)
		last.pipe = nil
	}
}

// FailAtTheEnd has the end of the sink fail.
func (r *Receiver) FailAtTheEnd(err error) { r.out.Finish = func() error { return err } }

// Phase names how far the stream is with its sink.
func (r *Receiver) Phase() string {
	return r.out.Phase().String()
}
