package form

import (
	"slices"

	"fyne.io/fyne/v2/widget"
)

// options are a few values of which one is chosen, with their labels all in sight.
type options struct {
	*widget.RadioGroup

	values   []string
	OnChosen func(value string) // by the operator
	setting  bool
}

// newOptions returns options of values and labels, in turn.
func newOptions(pairs ...string) *options {
	o := &options{}
	var labels []string
	for i := 0; i+1 < len(pairs); i += 2 {
		o.values = append(o.values, pairs[i])
		labels = append(labels, pairs[i+1])
	}
	o.RadioGroup = widget.NewRadioGroup(labels, func(label string) {
		if i := slices.Index(o.Options, label); !o.setting && i >= 0 && o.OnChosen != nil {
			o.OnChosen(o.values[i])
		}
	})
	o.Horizontal, o.Required = true, true
	return o
}

// set chooses a value. One that is not among them leaves none chosen.
func (o *options) set(value string) {
	o.setting = true
	defer func() { o.setting = false }()
	label := ""
	if i := slices.Index(o.values, value); i >= 0 {
		label = o.Options[i]
	}
	if label != o.Selected {
		o.SetSelected(label)
	}
}
