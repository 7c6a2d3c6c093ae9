package linkbench

import (
	"time"

	"github.com/isc-receiver/isc-receiver/internal/rig"
)

// wait is how long a segment stays open.
const wait = 25 * time.Millisecond

// fixed is a sender that listens to nothing.
type fixed struct{ *rig.Coder }

// newFixed returns a maker of senders with k+r in each segment, split evenly.
func newFixed(k, r int) newSender {
	return func(links int, _ time.Time) (sender, error) {
		coder, err := rig.NewCoder(rig.CoderConfig{Sources: k, Parity: r, Links: links, Wait: wait})
		return fixed{coder}, err
	}
}

// Feedback implements sender.
func (fixed) Feedback(int, rig.Feedback, time.Time) error { return nil }

// Tick implements sender.
func (fixed) Tick(time.Time) error { return nil }

// newAdaptive makes a sender that splits and codes by what the receiver says, as a rig does by default.
func newAdaptive(links int, now time.Time) (sender, error) {
	config := rig.DefaultEngine()
	config.Links, config.Wait = links, wait
	return rig.NewEngine(config, now)
}
