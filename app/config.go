package app

import (
	"reflect"
	"slices"
	"time"
)

// Config is the settings of one run: what the settings file, the environment and the flags say together.
// The zero value is not valid; begin with Default. A Config that shares its channels with another is to be copied
// with Clone before they are changed.
type Config struct {
	HTTP     HTTP      `toml:"http"`
	Access   Access    `toml:"access"`
	TLS      TLS       `toml:"tls"`
	HLS      HLS       `toml:"hls"`
	Dump     Saving    `toml:"dump"`
	Channels []Channel `toml:"channel"`

	Demo    bool `toml:"-"` // a simulated rig sends to the first channel
	Preview bool `toml:"-"` // pictures are decoded for a window

	Capture string `toml:"-"` // a capture file that the first channel plays in place of receiving, or empty
}

// HTTP says where the page is served.
type HTTP struct {
	Address          string   `toml:"address"`    // host:port; an empty host is every interface
	PublicURL        string   `toml:"public_url"` // what viewers type where a router or proxy stands between, or empty
	LegacyHLSAddress string   `toml:"legacy_hls_address"`
	TrustedProxies   []string `toml:"trusted_proxies"`
}

// Access says who may watch.
type Access struct {
	Mode    string   `toml:"mode"`    // AccessKey or AccessOpen
	Origins []string `toml:"origins"` // "https://name": of other sites whose pages may read answers
}

// The modes of Access.
const (
	AccessKey  = "key"  // whoever has the link with the key
	AccessOpen = "open" // whoever reaches the address
)

// TLS says how viewers' connections are encrypted.
type TLS struct {
	Cert       string `toml:"cert"`
	Key        string `toml:"key"`
	SelfSigned bool   `toml:"self_signed"`
}

// HLS says how the video is published.
type HLS struct {
	Enabled bool     `toml:"enabled"`
	Variant string   `toml:"variant"` // "low-latency", "fmp4" or "mpegts"
	Segment Duration `toml:"segment"`
	Part    Duration `toml:"part"`
}

// Saving says where what arrives is saved, when it is.
type Saving struct {
	Folder string `toml:"folder"` // empty: captures, in the folder for data
	Limit  Size   `toml:"limit"`  // of a file
}

// Channel is one rig.
type Channel struct {
	ID        string   `toml:"id"` // in addresses: a-z, 0-9 and -
	Name      string   `toml:"name"`
	Interface string   `toml:"interface"` // a network interface's name; empty: all
	Ports     Ports    `toml:"ports"`     // one per link, in order
	Source    string   `toml:"source"`    // SourceUDP or SourceCapture
	Allow     []string `toml:"allow"`     // whose datagrams are taken: addresses and networks; none: anybody's
	Latency   Duration `toml:"latency"`
	AfterLoss string   `toml:"after_loss"` // AfterLossContinue or AfterLossFreeze
	RTPTo     string   `toml:"rtp_to"`     // host:port that the RTP packets are sent on to, or empty
}

// Where a Channel's datagrams come from.
const (
	SourceUDP     = "udp"     // its own sockets
	SourceCapture = "capture" // live capture on its interface, which only listens: the rig gets no feedback
)

// sourceFile is what the snapshot calls a capture file that plays.
const sourceFile = "file"

// What a Channel does with the units between a loss and the next IDR.
const (
	AfterLossContinue = "continue"
	AfterLossFreeze   = "freeze"
)

// Default returns the settings of a fresh installation: one channel, "rig1", on ports 5078-5081 of all interfaces.
func Default() Config {
	return Config{
		HTTP:   HTTP{Address: ":5076"},
		Access: Access{Mode: AccessKey},
		HLS: HLS{
			Enabled: true, Variant: "low-latency",
			Segment: Duration(time.Second), Part: Duration(200 * time.Millisecond),
		},
		Dump:     Saving{Limit: 1 << 30},
		Channels: []Channel{DefaultChannel()},
	}
}

// DefaultChannel returns the settings of a channel about which nothing is said.
func DefaultChannel() Channel {
	return Channel{
		ID: "rig1", Name: "Rig 1", Ports: Ports{5078, 5079, 5080, 5081}, Source: SourceUDP,
		Latency: Duration(200 * time.Millisecond), AfterLoss: AfterLossContinue,
	}
}

// Differences returns the names of the tables of settings, but for those of channels, that are not the same in another
// configuration.
func (c Config) Differences(other Config) []string {
	var names []string
	for _, table := range []struct {
		name      string
		one, with any
	}{
		{"http", c.HTTP, other.HTTP},
		{"access", c.Access, other.Access},
		{"tls", c.TLS, other.TLS},
		{"hls", c.HLS, other.HLS},
		{"dump", c.Dump, other.Dump},
	} {
		if !reflect.DeepEqual(table.one, table.with) {
			names = append(names, table.name)
		}
	}
	return names
}

// Interrupts returns the IDs of the channels whose reception ends, or ends and begins again, where a run goes on with
// other settings: those that SetChannels would close, or all where more than channels have changed.
func (c Config) Interrupts(next Config) []string {
	all := len(c.Differences(next)) > 0
	var ids []string
	for _, ch := range c.Channels {
		if all || !slices.ContainsFunc(next.Channels, ch.same) {
			ids = append(ids, ch.ID)
		}
	}
	return ids
}

// Clone returns a copy that shares nothing.
func (c Config) Clone() Config {
	channels := make([]Channel, len(c.Channels))
	for i, ch := range c.Channels {
		ch.Ports = append(Ports(nil), ch.Ports...)
		ch.Allow = append([]string(nil), ch.Allow...)
		channels[i] = ch
	}
	c.Channels = channels
	c.HTTP.TrustedProxies = append([]string(nil), c.HTTP.TrustedProxies...)
	c.Access.Origins = append([]string(nil), c.Access.Origins...)
	return c
}
