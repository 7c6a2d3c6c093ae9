package form

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// portRow shows the ports of a rig, each with whether it is free.
type portRow struct {
	object *fyne.Container
	chips  []*portChip
}

// portChip is one port, the shape of its state before it.
type portChip struct {
	object fyne.CanvasObject
	mark   *widgets.Mark
	text   *widgets.Text
}

func newPortRow() *portRow {
	return &portRow{object: container.New(layout.NewRowWrapLayoutWithCustomPadding(8, 4))}
}

// show shows ports as they are used. Of those that are not known yet, no state is shown.
func (r *portRow) show(ports app.Ports, uses []app.PortUse) {
	if len(ports) != len(r.chips) {
		r.chips = nil
		r.object.RemoveAll()
		for range ports {
			chip := &portChip{
				mark: widgets.NewMark(9),
				text: widgets.NewText("65535 open here", widgets.TextStyle{Size: theme.SizeNameCaptionText}),
			}
			chip.object = container.New(layout.NewCustomPaddedHBoxLayout(5), container.NewCenter(chip.mark), chip.text)
			r.chips = append(r.chips, chip)
			r.object.Add(chip.object)
		}
	}
	r.object.Hidden = len(ports) == 0
	for i, port := range ports {
		shape, tone, word := widgets.Ring, widgets.Quiet, ""
		if len(uses) == len(ports) && uses[i].Port == port {
			shape, tone, word = portState(uses[i])
		}
		r.chips[i].mark.Set(shape, tone)
		r.chips[i].text.Set(strings.TrimSpace(fmt.Sprintf("%d %s", port, word)), widgets.Normal)
	}
}

// portState says in a word who has a port.
func portState(use app.PortUse) (shape widgets.Shape, tone widgets.Tone, word string) {
	switch {
	case use.Port == 0:
		return widgets.Ring, widgets.Quiet, "any"
	case use.Ours:
		return widgets.Disc, widgets.Good, "open here"
	case use.Taken:
		return widgets.Square, widgets.Bad, "in use"
	default:
		return widgets.Disc, widgets.Good, "free"
	}
}

// portsNote says who has the ports that are not free, and what to do.
func portsNote(uses []app.PortUse) (text string, shape widgets.Shape, tone widgets.Tone) {
	var owners []string
	by := map[string]app.Ports{}
	service := false
	for _, use := range uses {
		if !use.Taken || use.Ours {
			continue
		}
		if !slices.Contains(owners, use.Owner) {
			owners = append(owners, use.Owner)
		}
		by[use.Owner] = append(by[use.Owner], use.Port)
		service = service || use.Service
	}
	if len(owners) == 0 {
		return "", widgets.Ring, widgets.Quiet
	}
	var parts []string
	for _, owner := range owners {
		verb := "is"
		if len(by[owner]) > 1 {
			verb = "are"
		}
		parts = append(parts, fmt.Sprintf("%s %s in use by %s", by[owner], verb, owner))
	}
	remedy := "Close it, or choose other ports."
	if service {
		remedy = "Stop it with " + app.StopService + ", or choose other ports."
	}
	return widgets.Sentence(strings.Join(parts, "; ")) + " " + remedy, widgets.Square, widgets.Bad
}
