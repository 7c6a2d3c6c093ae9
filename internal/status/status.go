// Package status is the snapshot: what the receiver knows about itself at one moment, as plain values that window,
// page, API, metrics, log and tests share.
//
// Times are UTC. Fields that end in Milliseconds or MS are durations, BPS bits a second; counters count from the
// start of the run and never go down. The JSON names are a promise to scripts and dashboards outside.
package status

import "time"

// Snapshot is everything at one moment. It is a value: whoever holds one may keep it.
type Snapshot struct {
	Version  string    `json:"version"`
	Time     Time      `json:"time"`
	Started  Time      `json:"started"`
	Demo     bool      `json:"demo"`
	Access   string    `json:"access"` // "key", "open" to everyone, or "local": this machine alone reaches it
	Channels []Channel `json:"channels"`
}

// Channel is one rig as the receiver sees it.
type Channel struct {
	ID    string       `json:"id"`
	Name  string       `json:"name"`
	State ChannelState `json:"state"`
	Since Time         `json:"since"` // when the state began; of a silent channel, when its last packet came
	Error string       `json:"error"` // why, where the state is failed

	Source     string `json:"source"`      // "udp", "capture" or "file"
	ListenOnly bool   `json:"listen_only"` // the source cannot answer, so the rig gets no feedback

	Verdict Verdict `json:"verdict"`
	Stream  Stream  `json:"stream"`

	LatencyMS     float64 `json:"latency_ms"`     // the latency budget
	Wait          Wait    `json:"wait_ms"`        // from a packet's arrival to its release, over the last 8 s
	SurvivesLinks int     `json:"survives_links"` // how many of the links now in use could go without a loss

	Packets   Packets           `json:"packets"`
	Datagrams Datagrams         `json:"datagrams"` // of all links together
	Recent    map[string]Recent `json:"recent"`    // over the last "1s", "8s" and "60s"
	Malformed map[string]uint64 `json:"malformed,omitempty"`
	Refused   map[string]uint64 `json:"refused,omitempty"`

	LongestGapMS float64            `json:"longest_gap_ms"` // the longest time between two packets released
	Ceilings     map[string]Ceiling `json:"ceilings"`       // what a stranger can make grow, by name

	OutputDropped uint64 `json:"output_dropped"` // access units that outputs missed because they were too slow

	HLS     HLS    `json:"hls"`
	RTP     RTP    `json:"rtp"`
	Viewers int    `json:"viewers"`
	Links   []Link `json:"links"`
}

// ChannelState says how a channel is.
type ChannelState string

// The states of a channel.
const (
	ChannelWaiting ChannelState = "waiting" // nothing has come yet
	ChannelLive    ChannelState = "live"    // packets come
	ChannelSilent  ChannelState = "silent"  // packets came, and have stopped
	ChannelFailed  ChannelState = "failed"  // the source of packets ended with an error
	ChannelStopped ChannelState = "stopped" // the run has ended
)

// Verdict says why there is no picture, or that there is one: a code for programs and sentences for people.
type Verdict struct {
	Code     string   `json:"code"`
	Text     string   `json:"text"`               // what is wrong, in one sentence
	Evidence []string `json:"evidence,omitempty"` // what it rests on, a sentence each
	Advice   string   `json:"advice,omitempty"`   // what to do about it
}

// The codes of a Verdict.
const (
	VerdictOK         = "ok"
	VerdictNoPackets  = "no-packets"  // nothing arrives
	VerdictNotISC     = "not-isc"     // what arrives is not ISC
	VerdictNotAllowed = "not-allowed" // what arrives comes from addresses that are not allowed
	VerdictClockJumps = "clock-jumps" // the rig's clock jumps
	VerdictNoKeyframe = "no-keyframe" // packets arrive, but no IDR unit with its parameter sets yet
	VerdictSilent     = "silent"      // packets came, and have stopped
	VerdictTooLossy   = "too-lossy"   // segments cannot be decoded, since too much of them is missing
	VerdictFailed     = "failed"      // the source of packets ended with an error
	VerdictStopped    = "stopped"
)

// Stream describes the video that is being received. Before the first source packet everything is zero; before the
// first SPS, size and rate are.
type Stream struct {
	SSRC        uint32  `json:"ssrc"`
	PayloadType uint8   `json:"payload_type"`
	Codec       string  `json:"codec"` // "h264", or empty
	Width       int     `json:"width"`
	Height      int     `json:"height"`
	FPS         float64 `json:"fps"` // measured over the last 2 s
	BitrateBPS  float64 `json:"bitrate_bps"`
	Damaged     bool    `json:"damaged"` // packets were lost since the last IDR unit
}

// Wait is a distribution of waiting times in milliseconds.
type Wait struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Packets counts RTP packets.
type Packets struct {
	Delivered uint64 `json:"delivered"` // released as received
	Recovered uint64 `json:"recovered"` // released as rebuilt by the coding
	Lost      uint64 `json:"lost"`      // given up
	Pending   uint64 `json:"pending"`   // held back at this moment: they wait for one before them

	Saved    uint64 `json:"saved"`    // of the recovered ones, those that no link brought in time
	Unusable uint64 `json:"unusable"` // released, but part of no whole access unit
}

// Recent counts RTP packets, and the datagrams of all links, over a span of time.
type Recent struct {
	Delivered    uint64    `json:"delivered"`
	Recovered    uint64    `json:"recovered"`
	Lost         uint64    `json:"lost"`
	Saved        uint64    `json:"saved"`
	LongestGapMS float64   `json:"longest_gap_ms"`
	Datagrams    Datagrams `json:"datagrams"`
}

// LinkRecent counts a link's datagrams over a span of time.
type LinkRecent struct {
	Datagrams    Datagrams `json:"datagrams"`
	Bytes        uint64    `json:"bytes"`
	Saved        uint64    `json:"saved"`
	LongestGapMS float64   `json:"longest_gap_ms"` // the longest time between two valid datagrams
}

// Ceiling is a limit on something that a stranger can make grow.
type Ceiling struct {
	Limit   uint64 `json:"limit"`
	Now     uint64 `json:"now"`
	Reached uint64 `json:"reached"` // how often something was turned away for it
}

// The names of the ceilings of a channel.
const (
	CeilingSegments = "open_segments" // segments that are held open
	CeilingBytes    = "held_bytes"    // memory of the packets that are held
	CeilingSources  = "sources"       // senders that are not followed, on probation
	CeilingDecoding = "decode_bytes"  // bytes that the coding works on, a second
	CeilingLogLines = "log_lines"     // lines that the channel logs, a second

	// CeilingFragments is of sources that put IP fragments together: datagrams that wait for some. Reached counts those
	// that were given up, somebody else's among them where their beginning, with the port, never came.
	CeilingFragments = "fragments"
)

// HLS says where viewers find the channel.
type HLS struct {
	Enabled bool   `json:"enabled"`
	Ready   bool   `json:"ready"` // there is something to play
	Epoch   int    `json:"epoch"` // goes up when the playlist's path changes
	Path    string `json:"path"`  // redirects to the present playlist
	Error   string `json:"error"`
}

// RTP says where the channel's RTP packets are sent on to.
type RTP struct {
	To      string `json:"to"`      // host:port; empty: nowhere
	SDP     string `json:"sdp"`     // the file that describes them for players, on the receiver's own disk
	Packets uint64 `json:"packets"` // sent
	Refused uint64 `json:"refused"` // how often the other host said that nobody listens there
	Errors  uint64 `json:"errors"`  // packets that could not be sent
}

// Link is one port and what arrives on it.
type Link struct {
	Index int       `json:"index"`
	Port  int       `json:"port"`
	From  string    `json:"from"` // the last address that a valid packet came from, or empty
	State LinkState `json:"state"`
	Error string    `json:"error"` // the socket's last error, where the state is down
	Since Time      `json:"since"` // when it came up; of a link that is not up, when its last packet came

	Datagrams Datagrams             `json:"datagrams"`
	Recent    map[string]LinkRecent `json:"recent"` // over the last "1s", "8s" and "60s"
	Malformed map[string]uint64     `json:"malformed,omitempty"`
	Refused   map[string]uint64     `json:"refused,omitempty"`

	LongestGapMS     float64 `json:"longest_gap_ms"`    // the longest time between two valid datagrams
	FeedbackSent     uint64  `json:"feedback_sent"`     // datagrams sent to the link's sender
	FeedbackWithheld uint64  `json:"feedback_withheld"` // not sent: the sender is silent, has sent less, or gets enough

	BitrateBPS float64 `json:"bitrate_bps"`
	RatePPS    float64 `json:"rate_pps"`
	Share      float64 `json:"share"`     // of the channel's datagrams over the last second, 0 to 1
	JitterMS   float64 `json:"jitter_ms"` // RFC 3550, section 6.4.1, on the coding header's timestamps
	DelayMS    float64 `json:"delay_ms"`  // behind the fastest link, smoothed
	Saved      uint64  `json:"saved"`     // recovered packets that this link would have carried, where known
}

// LinkState says how a link is.
type LinkState string

// The states of a link.
const (
	LinkUp     LinkState = "up"
	LinkSilent LinkState = "silent" // no valid packet for a second, or none yet
	LinkDown   LinkState = "down"   // its socket failed
)

// Datagrams counts what arrived on a link, each datagram under exactly one of the six reasons, so that
// Received = Source + Parity + Duplicate + Late + Malformed + Refused at any moment. A datagram that is held until
// the receiver knows whether to follow its sender is counted when that is decided.
type Datagrams struct {
	Received  uint64 `json:"received"`
	Source    uint64 `json:"source"`
	Parity    uint64 `json:"parity"`
	Duplicate uint64 `json:"duplicate"`
	Late      uint64 `json:"late"` // its segment was closed
	Malformed uint64 `json:"malformed"`
	Refused   uint64 `json:"refused"` // for its address, its source or a ceiling

	KernelDropped uint64 `json:"kernel_dropped"` // never reached us: the socket's buffer was full
}

// Add adds what other counts.
func (d *Datagrams) Add(other Datagrams) {
	d.Received += other.Received
	d.Source += other.Source
	d.Parity += other.Parity
	d.Duplicate += other.Duplicate
	d.Late += other.Late
	d.Malformed += other.Malformed
	d.Refused += other.Refused
	d.KernelDropped += other.KernelDropped
}

// Time is a moment that marshals to JSON as RFC 3339 in UTC with milliseconds, and as null when it is zero.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z"

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.UTC().AppendFormat(nil, `"`+timeLayout+`"`), nil
}
