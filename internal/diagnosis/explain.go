package diagnosis

import (
	"fmt"
	"slices"

	"github.com/isc-receiver/isc-receiver/internal/host"
	"github.com/isc-receiver/isc-receiver/internal/portlist"
	"github.com/isc-receiver/isc-receiver/internal/status"
	"github.com/isc-receiver/isc-receiver/internal/words"
)

// explain adds facts to a verdict that nothing arrives. What surely has to be done replaces the advice that there is.
func explain(v status.Verdict, c Channel, f facts) status.Verdict {
	v.Evidence = slices.Clip(v.Evidence)
	if fault, advice := interfaceFault(c, f); fault != "" {
		v.Evidence, v.Advice = append(v.Evidence, fault), advice
		return v
	}
	if f.known {
		v.Evidence = append(v.Evidence, where(c, f))
	}
	if f.firewall.Text != "" {
		v.Evidence = append(v.Evidence, f.firewall.Text)
	}
	if f.unheard > 0 {
		v.Evidence = append(v.Evidence, fmt.Sprintf("In the last %d s, %s came to UDP ports where no "+
			"program listens.", int(unheardSpan.Seconds()), words.Count(f.unheard, "datagram")))
	}
	ports := portlist.Format(c.Ports)
	switch {
	case f.firewall.Command != "":
		v.Advice = "Open the ports in the firewall: " + f.firewall.Command
	case f.unheard > 0:
		v.Advice = "See whether the rig sends to other ports than UDP " + ports + "."
	case v.Advice == "" && v.Code == status.VerdictNoPackets:
		v.Advice = fmt.Sprintf("See that the rig is switched on and sends to the receiver, its first link to UDP %d, "+
			"and that no router or firewall on the way holds that up.", c.Ports[0])
	}
	return v
}

// interfaceFault says what is wrong with the interface that was chosen, and what to do. All are good where none was.
func interfaceFault(c Channel, f facts) (fault, advice string) {
	if c.Interface == "" || !f.known {
		return "", ""
	}
	const other = "or choose another network interface."
	i := slices.IndexFunc(f.interfaces, func(i host.Interface) bool { return i.Name == c.Interface })
	switch {
	case i < 0:
		return fmt.Sprintf("The network interface %s is not there.", c.Interface), "Connect it, " + other
	case !f.interfaces[i].Up:
		return fmt.Sprintf("The network interface %s is switched off.", c.Interface),
			fmt.Sprintf("Switch it on, as with \"sudo ip link set %s up\", %s", c.Interface, other)
	case !f.interfaces[i].Linked:
		return fmt.Sprintf("The network interface %s is not connected to anything.", c.Interface),
			"Connect it to its network, " + other
	case len(f.interfaces[i].Addresses) == 0 && !c.Watches:
		return fmt.Sprintf("The network interface %s has no address to which a rig could send.", c.Interface),
			"Give it one, " + other
	}
	return "", ""
}

// where says on which ports and addresses the channel listens.
func where(c Channel, f facts) string {
	names := make([]string, 0, len(f.interfaces)+1)
	off := 0
	for _, i := range f.interfaces {
		if i.Up {
			names = append(names, i.String())
		} else {
			off++
		}
	}
	if more := f.more + off; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	ports := portlist.Format(c.Ports)
	switch {
	case len(f.interfaces) == off:
		return fmt.Sprintf("The receiver listens on UDP %s, but its computer has no network that is switched on.", ports)
	case c.Watches:
		return fmt.Sprintf("The receiver watches %s for packets to UDP %s.", words.List(names), ports)
	case c.Interface == "":
		return fmt.Sprintf("The receiver listens on UDP %s of all network interfaces: %s.", ports, words.List(names))
	}
	return fmt.Sprintf("The receiver listens on UDP %s of %s.", ports, words.List(names))
}
