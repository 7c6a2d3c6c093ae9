package web

import (
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/isc-receiver/isc-receiver/internal/status"
)

// collector turns one snapshot into metrics for each scrape.
type collector struct {
	snapshot func() status.Snapshot
}

// Describe implements prometheus.Collector. It describes nothing, since channels and links come and go.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	snapshot := c.snapshot()
	all := metrics{out: out}
	all.labelled("version").gauge("build_info", "Always 1; the version is the label.", 1, snapshot.Version)
	all.gauge("start_time_seconds", "When the run started, in seconds since 1970.",
		float64(snapshot.Started.UnixMilli())/1e3)
	for i := range snapshot.Channels {
		collectChannel(out, &snapshot.Channels[i])
	}
}

func collectChannel(out chan<- prometheus.Metric, channel *status.Channel) {
	m := metrics{out: out, names: []string{"channel"}, values: []string{channel.ID}}
	m.labelled("name").gauge("channel_info", "Always 1; the channel's name is the label.", 1, channel.Name)
	for _, state := range []status.ChannelState{
		status.ChannelWaiting, status.ChannelLive, status.ChannelSilent, status.ChannelFailed, status.ChannelStopped,
	} {
		m.labelled("state").gauge("channel_state", "1 for the channel's present state.",
			truth(channel.State == state), string(state))
	}
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
	for reason, count := range channel.Refused {
		m.labelled("reason").counter("refused_total", "Datagrams refused, by reason.", count, reason)
	}

	m.gauge("stream_bits_per_second", "Rate of the received video.", channel.Stream.BitrateBPS)
	m.gauge("stream_frames_per_second", "Pictures a second over the last 2 s.", channel.Stream.FPS)
	m.gauge("stream_width_pixels", "Width of the picture.", float64(channel.Stream.Width))
	m.gauge("stream_height_pixels", "Height of the picture.", float64(channel.Stream.Height))
	m.gauge("stream_damaged", "1 while packets have been lost since the last keyframe.", truth(channel.Stream.Damaged))

	m.gauge("latency_budget_seconds", "How long a gap may hold packets back.", channel.LatencyMS/1e3)
	wait := m.labelled("quantile")
	const waitHelp = "From a packet's arrival to its release, over the last 8 s."
	wait.gauge("wait_seconds", waitHelp, channel.Wait.P50/1e3, "0.5")
	wait.gauge("wait_seconds", waitHelp, channel.Wait.P99/1e3, "0.99")
	wait.gauge("wait_seconds", waitHelp, channel.Wait.Max/1e3, "1")
	m.gauge("survives_links", "How many of the links in use could go without a loss.", float64(channel.SurvivesLinks))

	m.gauge("hls_enabled", "1 while HLS is switched on.", truth(channel.HLS.Enabled))
	m.gauge("hls_ready", "1 while HLS has something to play.", truth(channel.HLS.Ready))
	m.gauge("hls_epoch", "Goes up when the playlist's path changes.", float64(channel.HLS.Epoch))
	m.gauge("viewers", "Viewers of the HLS output within the last 10 s.", float64(channel.Viewers))
	for i := range channel.Links {
		collectLink(out, channel.ID, &channel.Links[i])
	}
}

func collectLink(out chan<- prometheus.Metric, channel string, link *status.Link) {
	m := metrics{
		out: out, names: []string{"channel", "link", "port"},
		values: []string{channel, strconv.Itoa(link.Index), strconv.Itoa(link.Port)},
	}
	for _, state := range []status.LinkState{status.LinkUp, status.LinkSilent, status.LinkDown} {
		m.labelled("state").gauge("link_state", "1 for the link's present state.", truth(link.State == state), string(state))
	}
	for _, reason := range []struct {
		name  string
		count uint64
	}{
		{"source", link.Datagrams.Source},
		{"parity", link.Datagrams.Parity},
		{"duplicate", link.Datagrams.Duplicate},
		{"late", link.Datagrams.Late},
		{"malformed", link.Datagrams.Malformed},
		{"refused", link.Datagrams.Refused},
	} {
		m.labelled("reason").counter("link_datagrams_total",
			"Datagrams by what they were on arrival; their sum is what was received.", reason.count, reason.name)
	}
	m.counter("link_kernel_dropped_total", "Datagrams that the kernel dropped: the socket's buffer was full.",
		link.Datagrams.KernelDropped)
	m.counter("link_saved_total", "Recovered packets that no link brought, of the link that should have, where known.",
		link.Saved)
	m.gauge("link_bits_per_second", "Rate of the link.", link.BitrateBPS)
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

// labelled returns metrics with one more label, whose value comes with each call.
func (m metrics) labelled(name string) metrics {
	m.names = append(slices.Clip(m.names), name)
	return m
}

func (m metrics) gauge(name, help string, value float64, more ...string) {
	m.send(name, help, prometheus.GaugeValue, value, more)
}

func (m metrics) counter(name, help string, value uint64, more ...string) {
	m.send(name, help, prometheus.CounterValue, float64(value), more)
}

func (m metrics) send(name, help string, kind prometheus.ValueType, value float64, more []string) {
	values := slices.Concat(m.values, more)
	m.out <- prometheus.MustNewConstMetric(prometheus.NewDesc("isc_"+name, help, m.names, nil), kind, value, values...)
}
