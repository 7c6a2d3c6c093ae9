package app

import (
	"image"
	"slices"
	"time"
)

// ShowPreviews says whose previews are looked at; those of the other channels are not decoded. Until it is called the
// first channel's is. The first picture of one that was not looked at is that of the next keyframe.
func (r *Run) ShowPreviews(channels ...string) {
	r.changing.Lock()
	defer r.changing.Unlock()
	r.watched = append([]string{}, channels...)
	r.showPreviews()
}

// showPreviews tells the previews whether they are looked at.
func (r *Run) showPreviews() {
	for i, ch := range r.list() {
		if ch.preview != nil {
			ch.preview.Show(r.watched == nil && i == 0 || slices.Contains(r.watched, ch.plan.ID))
		}
	}
}

// Frame returns the latest decoded picture of a channel's preview, its number, which goes up with each new picture,
// and when its packets arrived; nil and 0 while there is none. The picture is not written to for as long as three newer
// ones take to come.
func (r *Run) Frame(channel string) (picture *image.RGBA, number uint64, arrival time.Time) {
	if ch := r.channel(channel); ch != nil && ch.preview != nil {
		return ch.preview.Frame()
	}
	return nil, 0, time.Time{}
}

// PreviewError says why there are no preview pictures, such as that ffmpeg is not installed; nil where all is well.
func (r *Run) PreviewError(channel string) error {
	if ch := r.channel(channel); ch != nil && ch.preview != nil {
		return ch.preview.Err()
	}
	return nil
}
