package form

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/isc-receiver/isc-receiver/app"
)

// draft is what the fields hold: settings in the making, as texts where a text can be wrong.
type draft struct {
	base          app.Config // what the form does not show
	host, port    string     // of the page
	segment, part string     // milliseconds
	limit         string     // of a file of what is saved
	given         bool       // viewers' connections are encrypted with a certificate that base names
	old           oldDraft
	proxies       string
	origins       string
	rigs          []rigDraft
}

// oldDraft is what the fields about players of the old server hold.
type oldDraft struct {
	on    bool
	apart bool // it has a host of its own; else that of the page
	host  string
	port  string
}

// usualOldPort is the port of the old server.
const usualOldPort = "5077"

// rigDraft is what the fields of a rig hold. Its Ports, Latency and Allow are in the texts.
type rigDraft struct {
	app.Channel

	ports, latency, allow string
}

// problem is what is wrong in a field.
type problem struct {
	rig     int    // the index of the rig, or app.NoChannel
	setting string // as in the settings file
	text    string
}

// newDraft returns what the fields hold for a configuration.
func newDraft(cfg app.Config) draft {
	cfg = cfg.Clone()
	d := draft{
		base: cfg, segment: cfg.HLS.Segment.Milliseconds(), part: cfg.HLS.Part.Milliseconds(), limit: cfg.Dump.Limit.String(),
	}
	host, port, err := net.SplitHostPort(cfg.HTTP.Address)
	if err != nil {
		host, port = "", cfg.HTTP.Address
	}
	d.host, d.port = host, port
	d.given = cfg.TLS.Cert != "" || cfg.TLS.Key != ""
	d.old = newOldDraft(cfg.HTTP.LegacyHLSAddress, host)
	d.proxies, d.origins = strings.Join(cfg.HTTP.TrustedProxies, "\n"), strings.Join(cfg.Access.Origins, "\n")
	for _, ch := range cfg.Channels {
		d.rigs = append(d.rigs, newRigDraft(ch))
	}
	return d
}

func newOldDraft(address, pageHost string) oldDraft {
	host, port, err := net.SplitHostPort(address)
	switch {
	case address == "":
		return oldDraft{port: usualOldPort}
	case err != nil:
		return oldDraft{on: true, port: address}
	}
	return oldDraft{on: true, apart: host != pageHost, host: host, port: port}
}

// address returns the old address in the settings, for a page on a host.
func (o oldDraft) address(pageHost string) string {
	switch {
	case !o.on:
		return ""
	case o.apart:
		return net.JoinHostPort(o.host, strings.TrimSpace(o.port))
	default:
		return net.JoinHostPort(pageHost, strings.TrimSpace(o.port))
	}
}

func newRigDraft(ch app.Channel) rigDraft {
	return rigDraft{
		Channel: ch, ports: ch.Ports.String(), latency: ch.Latency.Milliseconds(), allow: strings.Join(ch.Allow, "\n"),
	}
}

// clone returns a copy that shares nothing.
func (d draft) clone() draft {
	d.base = d.base.Clone()
	d.rigs = slices.Clone(d.rigs)
	return d
}

// config returns the settings that the fields hold, and what is wrong with them.
func (d draft) config() (app.Config, []problem) {
	var found []problem
	unread := func(rig int, setting string, err error) {
		if err != nil {
			found = append(found, problem{rig, setting, err.Error()})
		}
	}
	cfg := d.base.Clone()
	cfg.HTTP.Address = net.JoinHostPort(d.host, strings.TrimSpace(d.port))
	cfg.HTTP.PublicURL = strings.TrimSpace(cfg.HTTP.PublicURL)
	cfg.HTTP.LegacyHLSAddress = d.old.address(d.host)
	cfg.HTTP.TrustedProxies, cfg.Access.Origins = splitList(d.proxies), splitList(d.origins)
	cfg.TLS = d.tls()
	if d.given && cfg.TLS.Cert == "" {
		unread(app.NoChannel, "tls.cert", errors.New("the certificate is missing; choose its file"))
	}
	if d.given && cfg.TLS.Key == "" {
		unread(app.NoChannel, "tls.key", errors.New("the certificate's private key is missing; choose its file"))
	}
	segment, err := app.ParseMilliseconds(d.segment)
	unread(app.NoChannel, "hls.segment", err)
	if err == nil { // else the part is measured by the one that there was
		cfg.HLS.Segment = segment
	}
	cfg.HLS.Part, err = app.ParseMilliseconds(d.part)
	unread(app.NoChannel, "hls.part", err)
	cfg.Dump.Folder = strings.TrimSpace(cfg.Dump.Folder)
	unread(app.NoChannel, "dump.limit", cfg.Dump.Limit.UnmarshalText([]byte(strings.TrimSpace(d.limit))))
	cfg.Channels = nil
	for i, rig := range d.rigs {
		ch := rig.Channel
		ch.Name, ch.ID, ch.RTPTo = strings.TrimSpace(ch.Name), strings.TrimSpace(ch.ID), strings.TrimSpace(ch.RTPTo)
		ch.Ports = nil
		unread(i, "channel.ports", ch.Ports.UnmarshalText([]byte(rig.ports)))
		ch.Latency, err = app.ParseMilliseconds(rig.latency)
		unread(i, "channel.latency", err)
		ch.Allow = splitList(rig.allow)
		cfg.Channels = append(cfg.Channels, ch)
	}
	return cfg, withRules(cfg, found)
}

// tls returns the settings of the encryption of viewers' connections.
func (d draft) tls() app.TLS {
	tls := app.TLS{SelfSigned: d.base.TLS.SelfSigned}
	if d.given {
		tls.Cert, tls.Key = strings.TrimSpace(d.base.TLS.Cert), strings.TrimSpace(d.base.TLS.Key)
	}
	return tls
}

// withRules adds what the rules of the settings find wrong to what could not be read. A field has one problem.
func withRules(cfg app.Config, found []problem) []problem {
	for _, p := range cfg.Problems() {
		same := func(f problem) bool { return f.rig == p.Channel && f.setting == p.Setting }
		if !slices.ContainsFunc(found, same) {
			found = append(found, problem{p.Channel, p.Setting, p.Text})
		}
	}
	slices.SortStableFunc(found, func(a, b problem) int { return a.rig - b.rig })
	return found
}

// splitList splits what people separate by lines, commas, semicolons or spaces.
func splitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("\n\r\t ,;", r) })
}

// addRig adds a rig with ports of its own, and returns its index.
func (d *draft) addRig() int {
	ch := app.DefaultChannel()
	taken := map[string]bool{}
	next := ch.Ports[0]
	for _, rig := range d.rigs {
		taken[rig.ID] = true
		var ports app.Ports
		if ports.UnmarshalText([]byte(rig.ports)) == nil {
			next = max(next, slices.Max(ports)+1)
		}
	}
	n := len(d.rigs) + 1
	for ; taken[fmt.Sprintf("rig%d", n)]; n++ {
	}
	ch.ID, ch.Name = fmt.Sprintf("rig%d", n), fmt.Sprintf("Rig %d", n)
	if next+len(ch.Ports)-1 <= 65535 {
		for i := range ch.Ports {
			ch.Ports[i] = next + i
		}
	}
	d.rigs = append(d.rigs, newRigDraft(ch))
	return len(d.rigs) - 1
}

// removeRig removes a rig, unless it is the only one, and returns the index of the one to show then.
func (d *draft) removeRig(i int) int {
	if len(d.rigs) > 1 {
		d.rigs = slices.Delete(slices.Clone(d.rigs), i, i+1)
	}
	return min(i, len(d.rigs)-1)
}

// moveRig moves a rig up (by -1) or down (by 1) where it can, and returns its new index.
func (d *draft) moveRig(i, by int) int {
	to := i + by
	if to < 0 || to >= len(d.rigs) {
		return i
	}
	d.rigs = slices.Clone(d.rigs)
	d.rigs[i], d.rigs[to] = d.rigs[to], d.rigs[i]
	return to
}
