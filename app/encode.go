package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// fileHead begins each settings file.
const fileHead = `# Settings of ISC Receiver. Both programs read this file with --config FILE.
# The window keeps its own in the user's configuration folder, and writes it anew when settings are saved. What was in
# the file before, your own comments too, is beside it then, in config.toml~.
# A flag says more than the environment (ISC_HTTP, ISC_PORTS ...: see --help), and that more than this file.
`

// channelHead comes before the channels.
const channelHead = `
# One [[channel]] for each rig. SIGHUP has the daemon read this file again: channels that are new are opened, those
# that are gone are closed, those that have changed are closed and opened again, and the others go on undisturbed, as
# does one of which the latency alone has changed. Where one cannot be opened, all stays as it was. Other settings take
# a restart.
`

// encode writes the settings as a file that Load reads, with all of them said and explained.
func (c Config) encode() ([]byte, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	f := &settingsFile{explain: true}
	f.text.WriteString(fileHead)
	f.table("[http]", "")
	f.set("address", c.HTTP.Address, "where the page is served: host:port; no host is every interface")
	f.set("public_url", c.HTTP.PublicURL, `what viewers type, where a router or proxy stands between: "https://name/"`)
	f.set("legacy_hls_address", c.HTTP.LegacyHLSAddress,
		`":5077": for players of the old server, the first rig's video at /KEY/playlist.m3u8`)
	f.set("trusted_proxies", c.HTTP.TrustedProxies,
		`whose word on where viewers come from is taken: "192.0.2.7", "10.0.0.0/8"`)
	f.table("[access]", "")
	f.set("mode", c.Access.Mode,
		`"key": whoever has the link; "open": everyone. On loopback alone it is always open.`)
	f.set("origins", c.Access.Origins,
		`other sites whose pages may show the video, with its key: "https://wards.example"`)
	f.table("[tls]", "encrypts viewers' connections")
	f.set("cert", c.TLS.Cert, "PEM file with the certificate and its chain; read anew when it changes")
	f.set("key", c.TLS.Key, "PEM file with its private key")
	f.set("self_signed", c.TLS.SelfSigned, "true: a certificate of our own making, which browsers warn of")
	f.table("[hls]", "")
	f.set("enabled", c.HLS.Enabled, "the output can also be switched while receiving")
	f.set("variant", c.HLS.Variant, `"low-latency", "fmp4" or "mpegts"`)
	f.set("segment", c.HLS.Segment, "")
	f.set("part", c.HLS.Part, "of the low-latency variant")
	f.table("[dump]", "of all that arrives, good or bad, for Wireshark or to be played again")
	f.set("folder", c.Dump.Folder, `where the files go; empty: "captures" in the folder for the program's data`)
	f.set("limit", c.Dump.Limit, "a file ends at this size")
	f.text.WriteString(channelHead)
	for i, ch := range c.Channels {
		if i > 0 {
			f.text.WriteByte('\n')
		}
		f.channel(ch)
		f.explain = false
	}
	var again Config
	if err := again.decode("what was to be saved", bytes.NewReader(f.text.Bytes())); err != nil {
		return nil, err
	}
	if !again.Equal(c) {
		return nil, fmt.Errorf("%w: a name holds characters that a settings file cannot", ErrSetting)
	}
	return f.text.Bytes(), nil
}

func (f *settingsFile) channel(c Channel) {
	f.text.WriteString("[[channel]]\n")
	f.set("id", c.ID, "in addresses: a-z, 0-9 and -")
	f.set("name", c.Name, "")
	f.set("interface", c.Interface, "the network interface to receive on, also one that is yet to come; empty: all")
	f.set("ports", c.Ports, "one for each link, in order: a range, a list, or both")
	f.set("source", c.Source,
		`"udp", or "capture": watch the interface; needs CAP_NET_RAW, and sends no feedback`)
	f.set("allow", c.Allow, `whose packets are taken: addresses and networks, as "192.0.2.0/24"; none: anybody's`)
	f.set("latency", c.Latency, "how long a gap is waited for, 20ms to 5s")
	f.set("after_loss", c.AfterLoss, `until the next keyframe after a loss: "continue", or "freeze" the picture`)
	f.set("rtp_to", c.RTPTo, `also send the RTP packets to this UDP address, such as "127.0.0.1:4567", with an SDP file`)
}

// settingsFile is a settings file as it is written.
type settingsFile struct {
	text    bytes.Buffer
	explain bool // with comments
}

// table begins a table.
func (f *settingsFile) table(head, comment string) {
	f.text.WriteByte('\n')
	f.line(head, comment)
}

// set writes a setting: a string, a bool, a Duration, Ports or a list of strings.
func (f *settingsFile) set(key string, value any, comment string) {
	f.line(key+" = "+tomlValue(value), comment)
}

// line writes a line, its comment in a column with the others where there is room.
func (f *settingsFile) line(text, comment string) {
	if f.explain && comment != "" {
		text = fmt.Sprintf("%-27s # %s", text, comment)
	}
	f.text.WriteString(text + "\n")
}

func tomlValue(value any) string {
	switch v := value.(type) {
	case string:
		return tomlString(v)
	case Duration:
		return tomlString(time.Duration(v).String())
	case Ports:
		return tomlString(v.String())
	case Size:
		return tomlString(v.String())
	case []string:
		quoted := make([]string, 0, len(v))
		for _, s := range v {
			quoted = append(quoted, tomlString(s))
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	default:
		return fmt.Sprint(v)
	}
}

// tomlString writes a string in quotes, as JSON does: TOML reads all that JSON escapes.
func tomlString(s string) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil { // a string can always be encoded
		return `""`
	}
	return strings.TrimSuffix(text.String(), "\n")
}
