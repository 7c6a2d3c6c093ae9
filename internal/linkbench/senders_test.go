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

// videoRate is what the video has in bits a second, near enough, where nothing takes it down.
const videoRate = 2_000_000

// newCamera makes the same, with a camera whose bitrate follows how many links are in use.
func newCamera(links int, now time.Time) (sender, error) {
	config := rig.DefaultEngine()
	config.Links, config.Wait, config.Bitrate = links, wait, videoRate
	engine, err := rig.NewEngine(config, now)
	return camera{engine}, err
}

type camera struct{ *rig.Engine }

// picture returns a picture as the camera would send it now: its slice is shortened with the bitrate.
func (c camera) picture(unit [][]byte) [][]byte {
	last := len(unit) - 1
	slice := unit[last]
	size := max(2, len(slice)*c.Plan().Bitrate/videoRate)
	return append(append([][]byte(nil), unit[:last]...), slice[:min(size, len(slice))])
}
