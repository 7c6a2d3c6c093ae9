package form

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"fyne.io/fyne/v2/widget"

	"github.com/isc-receiver/isc-receiver/app"
	"github.com/isc-receiver/isc-receiver/gui/widgets"
)

// Interface is a network interface as the operator chooses one.
type Interface struct {
	Name  string
	Up    bool
	Loop  bool
	Addrs []netip.Addr // IPv4 first, link-local ones left out
}

const allInterfaces = "All interfaces"

// choice is a select whose options have values.
type choice struct {
	*widget.Select

	values   []string
	OnChosen func(value string) // by the operator
	setting  bool
}

func newChoice() *choice {
	c := &choice{}
	c.Select = widget.NewSelect(nil, func(string) {
		if i := c.SelectedIndex(); !c.setting && i >= 0 && c.OnChosen != nil {
			c.OnChosen(c.values[i])
		}
	})
	return c
}

// offer offers values under labels, with one chosen.
func (c *choice) offer(values, labels []string, chosen string) {
	c.setting = true
	defer func() { c.setting = false }()
	if !slices.Equal(labels, c.Options) {
		c.SetOptions(labels)
	}
	c.values = values
	if i := slices.Index(values, chosen); i >= 0 && i != c.SelectedIndex() {
		c.SetSelectedIndex(i)
	}
}

// interfaceOptions returns the interfaces that there are, and the chosen one even if it is not there.
func interfaceOptions(there []Interface, chosen string) (values, labels []string) {
	values, labels = []string{""}, []string{allInterfaces}
	for _, n := range there {
		values = append(values, n.Name)
		labels = append(labels, n.label())
	}
	if !slices.Contains(values, chosen) {
		values = append(values, chosen)
		labels = append(labels, chosen+" · not here now")
	}
	return values, labels
}

// label is how an interface is offered: by name, address, and whether it is up.
func (i Interface) label() string {
	address, state := "no address", "up"
	if len(i.Addrs) > 0 {
		address = i.Addrs[0].String()
	}
	switch {
	case !i.Up:
		state = "down"
	case i.Loop:
		state = "this computer only"
	}
	return fmt.Sprintf("%s · %s · %s", i.Name, address, state)
}

// interfaceNote says what the choice of an interface means now. One that is only listened in on needs no address.
func interfaceNote(there []Interface, chosen, source string) (text string, shape widgets.Shape, tone widgets.Tone) {
	listens := source == app.SourceCapture
	switch {
	case chosen == "" && listens:
		return "", widgets.Ring, widgets.Quiet // that is wrong, and said
	case chosen == "":
		return everyInterfaceNote(there)
	}
	i := slices.IndexFunc(there, func(i Interface) bool { return i.Name == chosen })
	switch {
	case i < 0:
		return chosen + " is not here now. It is used as soon as it comes.", widgets.Triangle, widgets.Warning
	case !there[i].Up:
		return chosen + " is down. Connect it or switch it on, or choose another one.", widgets.Triangle, widgets.Warning
	case listens:
		return "Up. What passes it on these ports is taken, whomever it is for.", widgets.Disc, widgets.Good
	case len(there[i].Addrs) == 0:
		return chosen + " has no address yet, so no rig can send to it.", widgets.Triangle, widgets.Warning
	case there[i].Loop:
		return "Only programs on this computer can send to it.", widgets.Triangle, widgets.Warning
	}
	return "Up. The rig sends to " + there[i].Addrs[0].String() + ".", widgets.Disc, widgets.Good
}

// everyInterfaceNote is interfaceNote of the choice of all.
func everyInterfaceNote(there []Interface) (text string, shape widgets.Shape, tone widgets.Tone) {
	const most = 3
	var addresses []string
	for _, i := range there {
		if i.Up && !i.Loop && len(i.Addrs) > 0 {
			addresses = append(addresses, i.Addrs[0].String()+" ("+i.Name+")")
		}
	}
	more := len(addresses) - most
	switch {
	case len(addresses) == 0:
		return "No network is up, so no rig can send to this computer.", widgets.Triangle, widgets.Warning
	case len(addresses) == 1:
		return "Up. The rig sends to " + addresses[0] + ".", widgets.Disc, widgets.Good
	case more > 0:
		addresses = append(addresses[:most:most], fmt.Sprintf("%d more", more))
	}
	return "Up. The rig sends to one of " + strings.Join(addresses, ", ") + ".", widgets.Disc, widgets.Good
}
