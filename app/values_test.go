package app

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/portlist"
)

func TestPorts(t *testing.T) {
	for _, c := range []struct {
		text string
		want Ports
		back string
	}{
		{"5078-5081", Ports{5078, 5079, 5080, 5081}, "5078-5081"},
		{"5078", Ports{5078}, "5078"},
		{"5078,5079", Ports{5078, 5079}, "5078,5079"},
		{"5080,5078", Ports{5080, 5078}, "5080,5078"}, // the order is that of the links
		{" 5078 - 5080 , 6000 ", Ports{5078, 5079, 5080, 6000}, "5078-5080,6000"},
		{"1-1", Ports{1}, "1"},
		{"0,0,0", Ports{0, 0, 0}, "0,0,0"},
		{"65520-65535", Ports{
			65520, 65521, 65522, 65523, 65524, 65525, 65526, 65527,
			65528, 65529, 65530, 65531, 65532, 65533, 65534, 65535,
		}, "65520-65535"},
	} {
		var p Ports
		require.NoError(t, p.UnmarshalText([]byte(c.text)), c.text)
		require.Equal(t, c.want, p)
		text, err := p.MarshalText()
		require.NoError(t, err)
		require.Equal(t, c.back, string(text))
	}
	require.Empty(t, Ports{}.String())
	for text, want := range map[string]string{
		"":          `"" are not ports; write them as 5078-5081 or 5078,5080`,
		"x":         "are not ports",
		"5078,":     "are not ports",
		"5081-5078": "are not ports",
		"-1":        "are not ports",
		"65536":     "are not ports",
		"1-2-3":     "are not ports",
		"+5":        "are not ports",
		"1-17":      `"1-17" are too many ports; a rig has at most 16 links`,
		"0-65535":   "too many",
		"1-9,11-19": "too many",
	} {
		p := Ports{7}
		require.ErrorContains(t, p.UnmarshalText([]byte(text)), want, text)
		require.Equal(t, Ports{7}, p, "wrong text changes nothing")
	}
}

func TestDuration(t *testing.T) {
	for _, text := range []string{"200ms", "1s", "1m30s", "0s"} {
		var d Duration
		require.NoError(t, d.UnmarshalText([]byte(text)))
		back, err := d.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(back))
	}
	d := Duration(time.Second)
	require.ErrorContains(t, d.UnmarshalText([]byte("200")), `"200" is not a time; write it as 200ms or 1s`)
	require.Error(t, d.UnmarshalText(nil))
	require.Equal(t, Duration(time.Second), d)
}

func TestMilliseconds(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"200": 200 * time.Millisecond, "25.5": 25500 * time.Microsecond, "0": 0, "5000": 5 * time.Second,
		"-1": -time.Millisecond,
	} {
		got, err := ParseMilliseconds(text)
		require.NoError(t, err)
		require.Equal(t, Duration(want), got)
		require.Equal(t, text, got.Milliseconds())
	}
	spaced, err := ParseMilliseconds(" 20\t")
	require.NoError(t, err)
	require.Equal(t, Duration(20*time.Millisecond), spaced)
	for _, text := range []string{"", "fast", "200ms", "1e3", "0x1", "99999999999999999999", "1 2"} {
		_, err := ParseMilliseconds(text)
		require.ErrorContains(t, err, "is not a number of milliseconds; write 200", text)
	}
}

func FuzzPorts(f *testing.F) {
	for _, text := range []string{"5078-5081", "5078,5080", "0", "1-16,20", "65535", " 1 - 2 ", "9-8"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p, again Ports
		if err := p.UnmarshalText([]byte(text)); err != nil {
			require.Empty(t, p)
			require.NotContains(t, err.Error(), "strconv")
			return
		}
		require.NotEmpty(t, p)
		require.LessOrEqual(t, len(p), portlist.Most)
		require.GreaterOrEqual(t, strings.Count(text, ",")+portlist.Most, len(p))
		for _, port := range p {
			require.True(t, port >= 0 && port <= 65535)
		}
		require.NoError(t, again.UnmarshalText([]byte(p.String())))
		require.Equal(t, p, again)
	})
}
