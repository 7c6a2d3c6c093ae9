package app

// Playback is how far a capture is that plays in place of live reception.
type Playback struct {
	Path       string // the capture file
	Read, Size int64  // bytes
	Done       bool   // it has been played to its end, or as far as it could be read
	Err        error  // why it could not be played to its end, as a sentence for the operator; valid once Done
}

// Playback returns how far the capture is that the first channel plays; false where the run receives.
func (r *Run) Playback() (Playback, bool) {
	return Playback{Path: r.cfg.Capture}, r.cfg.Capture != ""
}
