package web

import (
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// sinceStart is the span of a figure that covers the whole run.
const sinceStart = "start"

// collector turns one snapshot into metrics for each scrape, and counts requests.
type collector struct {
	snapshot func() status.Snapshot
	requests func() uint64
}

// Describe implements prometheus.Collector. It describes nothing, since channels and links come and go.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	snapshot := c.snapshot()
	all := metrics{out: out}
	all.labelled("version").gauge("build_info", "Always 1; the version is the label.", 1, snapshot.Version)
	all.moment("start_time_seconds", "When the run started, in seconds since 1970.", snapshot.Started)
	all.counter("http_requests_total", "Requests of viewers, programs and proxies.", c.requests())
	all.gauge("demo", "1 while a simulated rig sends to the first channel.", truth(snapshot.Demo))
	for i := range snapshot.Channels {
		collectChannel(out, &snapshot.Channels[i])
	}
}

func collectChannel(out chan<- prometheus.Metric, channel *status.Channel) {
	m := metrics{out: out, names: []string{"channel"}, values: []string{channel.ID}}
	m.labelled("name", "source").gauge("channel_info", "Always 1; name and source of the channel are labels.", 1,
		channel.Name, channel.Source)
	m.gauge("channel_listen_only", "1 where the source cannot answer, so that the rig gets no feedback.",
		truth(channel.ListenOnly))
	for _, state := range []status.ChannelState{
		status.ChannelWaiting, status.ChannelLive, status.ChannelSilent, status.ChannelFailed, status.ChannelStopped,
	} {
		m.labelled("state").gauge("channel_state", "1 for the channel's present state.",
			truth(channel.State == state), string(state))
	}
	m.moment("channel_since_timestamp_seconds",
		"When the state began, in seconds since 1970; of a silent channel, when its last packet came.", channel.Since)
	for _, code := range verdicts {
		m.labelled("code").gauge("channel_verdict", "1 for why there is no picture, or for ok.",
			truth(channel.Verdict.Code == code), code)
	}
	collectPackets(m, channel)
	collectVideo(m, channel)
	for i := range channel.Links {
		collectLink(out, channel.ID, &channel.Links[i])
	}
}

// verdicts are the codes that a verdict can have.
var verdicts = []string{
	status.VerdictOK, status.VerdictNoPackets, status.VerdictNotISC, status.VerdictNotAllowed, status.VerdictClockJumps,
	status.VerdictNoKeyframe, status.VerdictSilent, status.VerdictTooLossy, status.VerdictFailed, status.VerdictStopped,
}

func collectPackets(m metrics, channel *status.Channel) {
	packets := m.labelled("outcome")
	const packetsHelp = "RTP packets: delivered as received, recovered by the coding before or instead of arriving, " +
		"or lost for good."
	packets.counter("packets_total", packetsHelp, channel.Packets.Delivered, "delivered")
	packets.counter("packets_total", packetsHelp, channel.Packets.Recovered, "recovered")
	packets.counter("packets_total", packetsHelp, channel.Packets.Lost, "lost")
	m.counter("packets_saved_total", "Of the recovered RTP packets, those that no link brought in time.",
		channel.Packets.Saved)
	m.counter("packets_unusable_total", "RTP packets that were released, but are part of no whole access unit.",
		channel.Packets.Unusable)
	m.gauge("packets_pending", "RTP packets held back at this moment.", float64(channel.Packets.Pending))

	m.datagrams("", channel.Datagrams, channel.Malformed, channel.Refused)
	gap := m.labelled("span")
	const gapHelp = "The longest time between two packets released, over the last seconds or since the start."
	for span, recent := range channel.Recent {
		gap.gauge("longest_gap_seconds", gapHelp, recent.LongestGapMS/1e3, span)
	}
	gap.gauge("longest_gap_seconds", gapHelp, channel.LongestGapMS/1e3, sinceStart)
	for name, ceiling := range channel.Ceilings {
		limited := m.labelled("ceiling")
		limited.gauge("ceiling_limit", "The limit of what a stranger can make grow.", float64(ceiling.Limit), name)
		limited.gauge("ceiling_now", "How much of the limit is taken.", float64(ceiling.Now), name)
		limited.counter("ceiling_reached_total", "How often something was turned away for the limit.",
			ceiling.Reached, name)
	}
	m.counter("output_dropped_total", "Access units that outputs missed because they were too slow.",
		channel.OutputDropped)
	m.counter("rtp_packets_total", "RTP packets sent on to another program.", channel.RTP.Packets)
	m.counter("rtp_refused_total", "How often the other host said that nobody listens.", channel.RTP.Refused)
	m.counter("rtp_errors_total", "RTP packets that could not be sent on.", channel.RTP.Errors)

	m.gauge("latency_budget_seconds", "How long a gap may hold packets back.", channel.LatencyMS/1e3)
	wait := m.labelled("quantile")
	const waitHelp = "From a packet's arrival to its release, over the last 8 s."
	wait.gauge("wait_seconds", waitHelp, channel.Wait.P50/1e3, "0.5")
	wait.gauge("wait_seconds", waitHelp, channel.Wait.P99/1e3, "0.99")
	wait.gauge("wait_seconds", waitHelp, channel.Wait.Max/1e3, "1")
	m.gauge("survives_links", "How many of the links in use could go without a loss.", float64(channel.SurvivesLinks))
}

func collectVideo(m metrics, channel *status.Channel) {
	m.gauge("stream_bytes_per_second", "Rate of the received video.", channel.Stream.BitrateBPS/8)
	m.gauge("stream_frames_per_second", "Pictures a second over the last 2 s.", channel.Stream.FPS)
	m.gauge("stream_width_pixels", "Width of the picture.", float64(channel.Stream.Width))
	m.gauge("stream_height_pixels", "Height of the picture.", float64(channel.Stream.Height))
	m.gauge("stream_damaged", "1 while packets have been lost since the last keyframe.", truth(channel.Stream.Damaged))

	m.gauge("hls_enabled", "1 while HLS is switched on.", truth(channel.HLS.Enabled))
	m.gauge("hls_ready", "1 while HLS has something to play.", truth(channel.HLS.Ready))
	m.gauge("hls_epoch", "Goes up when the playlist's path changes.", float64(channel.HLS.Epoch))
	m.gauge("viewers", "Viewers of the HLS output within the last 10 s.", float64(channel.Viewers))
}

func collectLink(out chan<- prometheus.Metric, channel string, link *status.Link) {
	m := metrics{
		out: out, names: []string{"channel", "link", "port"},
		values: []string{channel, strconv.Itoa(link.Index), strconv.Itoa(link.Port)},
	}
	for _, state := range []status.LinkState{status.LinkUp, status.LinkSilent, status.LinkDown} {
		m.labelled("state").gauge("link_state", "1 for the link's present state.", truth(link.State == state), string(state))
	}
	m.moment("link_since_timestamp_seconds",
		"When the link came up, in seconds since 1970; of one that is not up, when its last packet came.", link.Since)
	m.datagrams("link_", link.Datagrams, link.Malformed, link.Refused)
	gap := m.labelled("span")
	const gapHelp = "The longest time between two valid datagrams, over the last seconds or since the start."
	for span, recent := range link.Recent {
		gap.gauge("link_longest_gap_seconds", gapHelp, recent.LongestGapMS/1e3, span)
	}
	gap.gauge("link_longest_gap_seconds", gapHelp, link.LongestGapMS/1e3, sinceStart)
	m.counter("link_saved_total", "Recovered packets that no link brought, of the link that should have, where known.",
		link.Saved)
	m.counter("link_feedback_sent_total", "Feedback datagrams sent to the link's sender.", link.FeedbackSent)
	m.counter("link_feedback_withheld_total",
		"Feedback datagrams not sent: the sender is silent, or has sent less than it would get.", link.FeedbackWithheld)
	m.gauge("link_bytes_per_second", "Rate of the link.", link.BitrateBPS/8)
	m.gauge("link_packets_per_second", "Datagrams a second on the link.", link.RatePPS)
	m.gauge("link_share_ratio", "Share of the channel's datagrams over the last second.", link.Share)
	m.gauge("link_jitter_seconds", "Interarrival jitter (RFC 3550, section 6.4.1).", link.JitterMS/1e3)
	m.gauge("link_delay_seconds", "Delay behind the fastest link, smoothed.", link.DelayMS/1e3)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// metrics sends metrics that share labels.
type metrics struct {
	out    chan<- prometheus.Metric
	names  []string
	values []string
}

// labelled returns metrics with more labels, whose values come with each call.
func (m metrics) labelled(names ...string) metrics {
	m.names = slices.Concat(m.names, names)
	return m
}

// datagrams counts datagrams by what they were on arrival, and those that were malformed or refused by why, under names
// that begin with a prefix.
func (m metrics) datagrams(prefix string, d status.Datagrams, malformed, refused map[string]uint64) {
	for _, reason := range []struct {
		name  string
		count uint64
	}{
		{"source", d.Source},
		{"parity", d.Parity},
		{"duplicate", d.Duplicate},
		{"late", d.Late},
		{"malformed", d.Malformed},
		{"refused", d.Refused},
	} {
		m.labelled("reason").counter(prefix+"datagrams_total",
			"Datagrams by what they were on arrival; their sum is what was received.", reason.count, reason.name)
	}
	m.counter(prefix+"kernel_dropped_total", "Datagrams that the kernel dropped: the socket's buffer was full.",
		d.KernelDropped)
	m.reasons(prefix+"malformed_total", "Malformed datagrams, by reason.", malformed)
	m.reasons(prefix+"refused_total", "Refused datagrams, by reason.", refused)
}

func (m metrics) reasons(name, help string, counts map[string]uint64) {
	for reason, count := range counts {
		m.labelled("reason").counter(name, help, count, reason)
	}
}

// moment sends a time, unless it is not known.
func (m metrics) moment(name, help string, at status.Time) {
	if !at.IsZero() {
		m.gauge(name, help, float64(at.UnixMilli())/1e3)
	}
}

func (m metrics) gauge(name, help string, value float64, more ...string) {
	m.send(name, help, prometheus.GaugeValue, value, more)
}

func (m metrics) counter(name, help string, value uint64, more ...string) {
	m.send(name, help, prometheus.CounterValue, float64(value), more)
}

func (m metrics) send(name, help string, kind prometheus.ValueType, value float64, more []string) {
	values := slices.Concat(m.values, more)
	for i := range values {
		values[i] = strings.ToValidUTF8(values[i], "\uFFFD") // a name of other bytes must not end the scrape
	}
	m.out <- prometheus.MustNewConstMetric(prometheus.NewDesc("isc_"+name, help, m.names, nil), kind, value, values...)
}
