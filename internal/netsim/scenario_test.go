package netsim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBuiltInScenarios(t *testing.T) {
	require.Equal(t, []string{"city", "clean", "highway", "hopeless", "one-link-dies", "tunnel"}, Scenarios())
	for _, name := range Scenarios() {
		scenario, err := LoadScenario(name)
		require.NoError(t, err)
		require.Equal(t, name, scenario.Name)
		require.NotEmpty(t, scenario.About)
		require.Len(t, scenario.Links, 4)
	}
	dies, err := LoadScenario("one-link-dies")
	require.NoError(t, err)
	require.Equal(t, []Outage{{After: 20 * s, For: 20 * s}}, dies.Links[1].Up.Outages)
	require.Equal(t, dies.Links[1].Up, dies.Links[1].Down)
}

// whole has all that a scenario can have.
const whole = `
about = "All there is."

[[link]]
name = "first"
delay = "40ms"
jitter = "1.5s"
rate = "2.5Mbps"
queue = "64KB"
loss = "1.5%"
repeat = "0.5%"
burst = { good = "10s", bad = "300ms", loss = "100%", rate = "500kbps" }
reorder = { share = "1%", by = "15ms" }
outages = [{ after = "20s", every = "60s", for = "5s" }, { for = "1s", hold = true }]
dropouts = { up = "90s", down = "2s", hold = true }
rebinds = [{ after = "30s", every = "60s" }]

[link.down]
delay = "10ms"
loss = "0%"
outages = []

[[link]]
rate = "1Gbps"
queue = "10ms"
`

func TestScenarioFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.toml")
	require.NoError(t, os.WriteFile(path, []byte(whole), 0o600))
	got, err := LoadScenario(path)
	require.NoError(t, err)
	up := LinkConfig{
		Delay: 40 * ms, Jitter: 1500 * ms, Rate: 2_500_000, Queue: 64_000, Loss: 0.015, Repeat: 0.005,
		Burst:    Burst{Good: 10 * s, Bad: 300 * ms, Loss: 1, Rate: 500_000},
		Reorder:  Reorder{Share: 0.01, By: 15 * ms},
		Outages:  []Outage{{After: 20 * s, Every: time.Minute, For: 5 * s}, {For: s, Hold: true}},
		Dropouts: Dropouts{Up: 90 * s, Down: 2 * s, Hold: true},
	}
	down := up
	down.Delay, down.Loss, down.Outages = 10*ms, 0, nil
	second := LinkConfig{Rate: 1e9, Queue: 1_250_000}
	require.Equal(t, Scenario{Name: "mine", About: "All there is.", Links: []PathConfig{
		{Name: "first", Up: up, Down: down, Rebinds: []Rebind{{30 * s, time.Minute}}},
		{Up: second, Down: second},
	}}, got)
}

func TestScenarioMistakes(t *testing.T) {
	const link = "[[link]]\n"
	tests := []struct{ name, text, want string }{
		{"empty", "", "it has 0 links, 1 to 16 are possible"},
		{"too many links", strings.Repeat(link, 17), "it has 17 links"},
		{"no TOML", "about", "line 1: "},
		{"unknown", "abuot = 'x'\n" + link + "dealy = '1s'\n", "unknown: abuot (line 1), link.dealy (line 3)"},
		{"unknown below", link + "burst = { god = '1s' }\n", "god (line 2)"},
		{"unknown in down", link + "[link.down]\nrebinds = []\n", "unknown: link.down.rebinds (line 3)"},
		{"number", link + "delay = 40\n", `"40" is no time`},
		{"time", link + "\ndelay = '40'\n", `line 3: "40" is no time: write it as "40ms"`},
		{"negative time", link + "delay = '-1s'\n", "is no time"},
		{"long time", link + "delay = '25h'\n", "is no time"},
		{"rate", link + "rate = '2'\n", `"2" is no rate: write it as "500kbps" or "2.5Mbps"`},
		{"no rate", link + "rate = '0kbps'\n", "is no rate"},
		{"odd rate", link + "rate = 'InfMbps'\n", "is no rate"},
		{"large rate", link + "rate = '101Gbps'\n", "is no rate"},
		{"queue", link + "queue = '64'\n", `"64" is no queue: write it as "300ms" of the link's rate, or as "64KB"`},
		{"small queue", link + "queue = '1KB'\n", "is no queue"},
		{"no queue", link + "queue = '0s'\n", "is no queue"},
		{"share", link + "loss = '0.1'\n", `line 2: "0.1" is no share: write it as "1.5%", up to 100%`},
		{"large share", link + "loss = '101%'\n", "is no share"},
		{"odd share", link + "loss = 'NaN%'\n", "is no share"},
		{"second link", link + link + "rate = '1Mbps'\n", "link 2: a rate needs a queue"},
		{"queue in time", link + "queue = '300ms'\n", "link 1: a queue in time needs a rate"},
		{"burst rate", link + "burst = { good = '1s', bad = '1s', rate = '1Mbps' }\n", "a rate needs a queue"},
		{"burst", link + "burst = { bad = '1s' }\n", "burst needs how long"},
		{"endless burst", link + "burst = { good = '1s', loss = '50%' }\n", "burst needs how long"},
		{"dropouts", link + "dropouts = { down = '1s' }\n", "dropouts need how long"},
		{"hold", link + "outages = [{ for = '1s', hold = true }]\n", "an outage that holds needs a queue"},
		{"no outage", link + "outages = [{ after = '1s' }]\n", "an outage needs a length"},
		{"endless outage", link + "outages = [{ every = '1s', for = '1s' }]\n", "must be shorter"},
		{"reorder", link + "reorder = { share = '1%' }\n", "reorder needs a share and a time"},
		{"below down", link + "[link.down]\nrate = '1Mbps'\n", "link 1: a rate needs a queue"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseScenario("mine", []byte(test.text))
			require.ErrorIs(t, err, ErrScenario)
			require.ErrorContains(t, err, "mine: ")
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestNoSuchScenario(t *testing.T) {
	for _, name := range []string{"nowhere", "", "../link", "scenarios/city"} {
		_, err := LoadScenario(name)
		require.ErrorIs(t, err, ErrScenario)
		require.ErrorContains(t, err, "the built-in ones are city, clean, highway, hopeless, one-link-dies, tunnel")
	}
	_, err := LoadScenario(filepath.Join(t.TempDir(), "gone.toml"))
	require.ErrorIs(t, err, ErrScenario)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// The scenario that the documentation explains is one.
func TestDocumentedScenario(t *testing.T) {
	text, err := os.ReadFile("../../docs/lab.md")
	require.NoError(t, err)
	_, after, ok := strings.Cut(string(text), "```toml\n")
	require.True(t, ok)
	example, _, ok := strings.Cut(after, "```")
	require.True(t, ok)
	scenario, err := ParseScenario("documented", []byte(example))
	require.NoError(t, err)
	link := scenario.Links[0]
	require.Equal(t, 30*ms, link.Down.Delay)
	require.Equal(t, link.Up.Burst, link.Down.Burst)
	require.Len(t, link.Up.Outages, 2)
	require.Len(t, link.Rebinds, 1)
}
