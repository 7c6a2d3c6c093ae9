package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/isc-receiver/isc-receiver/hls"
	"github.com/isc-receiver/isc-receiver/internal/portlist"
)

// ErrSetting is wrapped by all errors that only another setting mends, so that the service manager does not try again.
// Their text is a sentence for the operator.
var ErrSetting = errors.New("wrong setting")

// The bounds of the latency budget.
const (
	MinLatency = 20 * time.Millisecond
	MaxLatency = 5 * time.Second
)

const minDump Size = 1 << 20

const maxName = 60 // characters of a channel's name

var validID = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// Problem is one thing that is wrong with a Config.
type Problem struct {
	Channel int    // the index of the channel that it is about, or NoChannel
	Setting string // as in the settings file: "http.address", "channel.ports"
	Text    string // what is wrong and what is right, a sentence without its capital and its full stop
}

// NoChannel is the Channel of a Problem that is about none.
const NoChannel = -1

// Problems returns all that is wrong with the settings, in the order of the settings file.
func (c Config) Problems() []Problem {
	_, proxies := c.HTTP.parseProxies()
	segment, part := time.Duration(c.HLS.Segment), time.Duration(c.HLS.Part)
	onLoopback := len(c.Channels) == 0 || slices.Contains([]string{"", "lo"}, c.Channels[0].Interface)
	all := gather(NoChannel,
		check(!c.Demo || onLoopback, "channel.interface", "the demonstration needs none; leave it empty"),
		checkAddress(c.HTTP.Address, "http.address", ":5076 or 192.0.2.1:5076"),
		check(!c.Demo || len(c.Channels) == 0 || c.Channels[0].Source == SourceUDP, "channel.source",
			"the demonstration sends to sockets; write udp"),
		check(!c.Demo || c.Capture == "", "--demo", "a capture is to be played; leave one of the two out"),
		check(c.HTTP.PublicURL == "" || validURL(c.HTTP.PublicURL), "http.public_url",
			"%q is no web address; write https://name/", c.HTTP.PublicURL),
		c.HTTP.legacyProblem(),
		check(proxies == nil, "http.trusted_proxies", "%v", proxies),
		check(slices.Contains([]string{AccessKey, AccessOpen}, c.Access.Mode), "access.mode",
			"%q is unknown; write key or open", c.Access.Mode),
		c.Access.originsProblem(),
		c.TLS.problem(),
		check(slices.Contains([]string{"low-latency", "fmp4", "mpegts"}, c.HLS.Variant), "hls.variant",
			"%q is unknown; write low-latency, fmp4 or mpegts", c.HLS.Variant),
		check(segment >= hls.MinSegment && segment <= hls.MaxSegment, "hls.segment",
			"%v is out of range; %v to %v are possible", segment, hls.MinSegment, hls.MaxSegment),
		check(part >= hls.MinPart && part <= segment, "hls.part",
			"%v is out of range; %v to %v, the segment's length, are possible", part, hls.MinPart, segment),
		check(c.Dump.Folder == "" || filepath.IsAbs(c.Dump.Folder), "dump.folder",
			"%q is no whole path; write it as /var/lib/captures", c.Dump.Folder),
		check(c.Dump.Limit >= minDump, "dump.limit", "%v is too little; write %v or more", c.Dump.Limit, minDump),
		check(len(c.Channels) > 0, "channel", "there is none; one [[channel]] at least is needed"),
	)
	for i, ch := range c.Channels {
		all = append(all, gather(i, ch.problems()...)...)
		all = append(all, gather(i, ch.against(c.Channels[:i])...)...)
	}
	return all
}

// Validate returns what is wrong with the settings, all of it joined, or nil.
func (c Config) Validate() error {
	problems := c.Problems()
	errs := make([]error, 0, len(problems))
	for _, p := range problems {
		text := p.Text
		if p.Channel != NoChannel && len(c.Channels) > 1 {
			text = fmt.Sprintf("%s (channel %d, %q)", text, p.Channel+1, c.Channels[p.Channel].ID)
		}
		errs = append(errs, fmt.Errorf("%w: %s: %s", ErrSetting, p.Setting, text))
	}
	return errors.Join(errs...)
}

// problems returns what is wrong with the settings of a channel alone.
func (c Channel) problems() []*Problem {
	latency := time.Duration(c.Latency)
	all := []*Problem{
		check(validID.MatchString(c.ID), "channel.id", "%q must be 1 to 32 of a-z, 0-9 and -", c.ID),
		check(validName(c.Name), "channel.name", "%q is no name; write 1 to %d characters that can be seen", c.Name, maxName),
		check(len(c.Ports) > 0 && len(c.Ports) <= portlist.Most, "channel.ports",
			"1 to %d ports are needed, such as 5078-5081", portlist.Most),
		check(c.Source == SourceUDP || c.Source == SourceCapture, "channel.source",
			"%q is unknown; write udp or capture", c.Source),
		check(c.Source != SourceCapture || !slices.Contains(c.Ports, 0), "channel.ports",
			"live capture needs to know them; 0 stands for any"),
		check(latency >= MinLatency && latency <= MaxLatency, "channel.latency",
			"%v is out of range; %v to %v are possible", latency, MinLatency, MaxLatency),
		check(c.AfterLoss == AfterLossContinue || c.AfterLoss == AfterLossFreeze, "channel.after_loss",
			"%q is unknown; write continue or freeze", c.AfterLoss),
	}
	if c.RTPTo != "" {
		all = append(all, checkAddress(c.RTPTo, "channel.rtp_to", "127.0.0.1:4567"), c.checkEcho(c))
	}
	for i, p := range c.Ports {
		all = append(all, check(p >= 0 && p <= 65535, "channel.ports", "%d is no port", p),
			check(p == 0 || !slices.Contains(c.Ports[:i], p), "channel.ports", "port %d is there twice", p))
	}
	for _, text := range c.Allow {
		if _, err := parseAllowed(text); err != nil {
			all = append(all, check(false, "channel.allow", "%v", err))
		}
	}
	return all
}

// against returns what is wrong with the settings of a channel beside others.
func (c Channel) against(others []Channel) []*Problem {
	var all []*Problem
	for _, other := range others {
		all = append(all, check(c.ID != other.ID, "channel.id", "%q is there twice", c.ID),
			check(c.RTPTo == "" || c.RTPTo != other.RTPTo, "channel.rtp_to", "%q is there twice: %q sends there, too",
				c.RTPTo, other.ID))
		all = append(all, c.checkEcho(other), other.checkEcho(c))
		if c.Source != SourceUDP || other.Source != SourceUDP || // others share ports with anybody
			c.Interface != other.Interface && c.Interface != "" && other.Interface != "" {
			continue
		}
		for _, p := range c.Ports {
			all = append(all, check(p == 0 || !slices.Contains(other.Ports, p), "channel.ports",
				"port %d is there twice: %q has it, too", p, other.ID))
		}
	}
	return all
}

// checkEcho checks that the channel does not send its RTP packets to the ports of another, or its own.
func (c Channel) checkEcho(other Channel) *Problem {
	host, text, err := net.SplitHostPort(c.RTPTo)
	number, err2 := portlist.ParsePort(text)
	if err != nil || err2 != nil || number == 0 || !slices.Contains(other.Ports, number) {
		return nil
	}
	address, err := netip.ParseAddr(host)
	here := host == "" || host == "localhost" || err == nil && (address.IsLoopback() || address.IsUnspecified())
	return check(!here, "channel.rtp_to", "%q is where %q receives; write another port", c.RTPTo, other.ID)
}

// check returns what is wrong with a setting, or nil where it is ok.
func check(ok bool, setting, format string, args ...any) *Problem {
	if ok {
		return nil
	}
	return &Problem{Setting: setting, Text: fmt.Sprintf(format, args...)}
}

// gather returns those of the checks that found something, as problems of a channel.
func gather(channel int, checks ...*Problem) []Problem {
	var found []Problem
	for _, p := range checks {
		if p != nil {
			p.Channel = channel
			found = append(found, *p)
		}
	}
	return found
}

func validName(name string) bool {
	n := utf8.RuneCountInString(name)
	return n >= 1 && n <= maxName && utf8.ValidString(name) && strings.TrimSpace(name) != "" &&
		!strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}

// checkAddress checks host:port. Examples are what is right.
func checkAddress(address, setting, examples string) *Problem {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return check(false, setting, "%q is no address; write %s", address, examples)
	}
	_, err = portlist.ParsePort(text)
	return check(err == nil, setting, "%q is no port; ports are numbers from 1 to 65535", text)
}

func validURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
