package app

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

func writeFile(t testing.TB, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "config.toml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// parse reads a command line as the programs do.
func parse(t testing.TB, args ...string) (Flags, error) {
	t.Helper()
	var line struct{ Flags }
	options := append(ParserOptions("test", "A test."), kong.Writers(io.Discard, io.Discard))
	parser, err := kong.New(&line, options...)
	require.NoError(t, err)
	_, err = parser.Parse(args)
	return line.Flags, err
}

func config(t testing.TB, args ...string) Config {
	t.Helper()
	flags, err := parse(t, args...)
	require.NoError(t, err)
	cfg, err := flags.Config()
	require.NoError(t, err)
	return cfg
}

func TestDefault(t *testing.T) {
	require.NoError(t, Default().Validate())
	require.Equal(t, Default(), config(t))
	clone := Default().Clone()
	clone.Channels[0].Ports[0] = 1
	clone.Channels[0].ID = "other"
	require.Equal(t, 5078, Default().Clone().Channels[0].Ports[0])
}

// TestPrecedence checks that flags win over the environment, that over the file, and that over the defaults.
func TestPrecedence(t *testing.T) {
	for name, c := range map[string]struct {
		flag, env             string
		file                  string
		get                   func(Config) any
		byDefault             any
		inFile, inEnv, inFlag string
		wantFile, wantEnv     any
		wantFlag              any
	}{
		"interface": {
			flag: "--interface", env: "ISC_INTERFACE", file: "[[channel]]\nid = 'a'\ninterface = 'eth1'\n",
			get:       func(c Config) any { return c.Channels[0].Interface },
			byDefault: "", inEnv: "eth2", inFlag: "eth3", wantFile: "eth1", wantEnv: "eth2", wantFlag: "eth3",
		},
		"ports": {
			flag: "--ports", env: "ISC_PORTS", file: "[[channel]]\nid = 'a'\nports = '1-2'\n",
			get:       func(c Config) any { return c.Channels[0].Ports.String() },
			byDefault: "5078-5081", inEnv: "3,4", inFlag: "5-8", wantFile: "1,2", wantEnv: "3,4", wantFlag: "5-8",
		},
		"http": {
			flag: "--http", env: "ISC_HTTP", file: "[http]\naddress = ':1'\n",
			get:       func(c Config) any { return c.HTTP.Address },
			byDefault: ":5076", inEnv: ":2", inFlag: ":3", wantFile: ":1", wantEnv: ":2", wantFlag: ":3",
		},
		"latency": {
			flag: "--latency", env: "ISC_LATENCY", file: "[[channel]]\nid = 'a'\nlatency = '100ms'\n",
			get:       func(c Config) any { return time.Duration(c.Channels[0].Latency) },
			byDefault: 200 * time.Millisecond, inEnv: "1s", inFlag: "2s",
			wantFile: 100 * time.Millisecond, wantEnv: time.Second, wantFlag: 2 * time.Second,
		},
		"rtp-to": {
			flag: "--rtp-to", env: "ISC_RTP_TO", file: "[[channel]]\nid = 'a'\nrtp_to = '127.0.0.1:1'\n",
			get:       func(c Config) any { return c.Channels[0].RTPTo },
			byDefault: "", inEnv: "127.0.0.1:2", inFlag: "127.0.0.1:3",
			wantFile: "127.0.0.1:1", wantEnv: "127.0.0.1:2", wantFlag: "127.0.0.1:3",
		},
		"access": {
			flag: "--access", env: "ISC_ACCESS", file: "[access]\nmode = 'open'\n",
			get:       func(c Config) any { return c.Access.Mode },
			byDefault: "key", inEnv: "key", inFlag: "open", wantFile: "open", wantEnv: "key", wantFlag: "open",
		},
		"origins": {
			flag: "--origins", env: "ISC_ORIGINS", file: "[access]\norigins = ['https://a.example']\n",
			get:       func(c Config) any { return strings.Join(c.Access.Origins, " ") },
			byDefault: "", inEnv: "https://b.example,https://c.example", inFlag: "https://d.example",
			wantFile: "https://a.example", wantEnv: "https://b.example https://c.example", wantFlag: "https://d.example",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.byDefault, c.get(config(t)))
			path := writeFile(t, c.file)
			require.Equal(t, c.wantFile, c.get(config(t, "--config", path)))
			t.Setenv("ISC_CONFIG", path)
			require.Equal(t, c.wantFile, c.get(config(t)))
			t.Setenv(c.env, c.inEnv)
			require.Equal(t, c.wantEnv, c.get(config(t)))
			require.Equal(t, c.wantFlag, c.get(config(t, c.flag, c.inFlag)))
		})
	}
}

func TestSwitches(t *testing.T) {
	cfg := config(t, "--no-hls", "--demo")
	require.False(t, cfg.HLS.Enabled)
	require.True(t, cfg.Demo)
	require.Equal(t, "127.0.0.1:5076", cfg.HTTP.Address)
	require.Equal(t, ":80", config(t, "--demo", "--http", ":80").HTTP.Address)
	t.Setenv("ISC_NO_HLS", "true")
	t.Setenv("ISC_DEMO", "true")
	require.False(t, config(t).HLS.Enabled)
	require.True(t, config(t).Demo)
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{
		{"--access", "shut"},
		{"--latency", "5"},
		{"--log-level", "loud"},
		{"--log-format", "xml"},
		{"--nonsense"},
	} {
		_, err := parse(t, args...)
		require.Error(t, err, args)
	}
	for want, args := range map[string][]string{
		`wrong setting: --ports: "5,x" are not ports; write them as 5078-5081`: {"--ports", "5,x"},
		`wrong setting: access.origins: "*" would let`:                         {"--origins", "*"},
		"wrong setting: channel.latency: 6s is out of range; 20ms to 5s":       {"--latency", "6s"},
		`wrong setting: http.address: "5076" is no address; write :5076`:       {"--http", "5076"},
		"wrong setting: the settings file /no/such/file is not there":          {"--config", "/no/such/file"},
	} {
		flags, err := parse(t, args...)
		require.NoError(t, err)
		_, err = flags.Config()
		require.ErrorIs(t, err, ErrSetting)
		require.ErrorContains(t, err, want)
	}
}

// load reads a settings file on top of the defaults.
func load(path string) (Config, error) {
	cfg := Default()
	err := cfg.Load(path)
	return cfg, err
}

// TestSampleFile checks that the file that explains every setting is what Save writes of the defaults.
func TestSampleFile(t *testing.T) {
	sample, err := os.ReadFile("../packaging/config.toml")
	require.NoError(t, err)
	written, err := Default().encode()
	require.NoError(t, err)
	require.Equal(t, string(written), string(sample))
	cfg, err := load("../packaging/config.toml")
	require.NoError(t, err)
	require.True(t, cfg.Equal(Default()))
}

func TestLoad(t *testing.T) {
	cfg, err := load(writeFile(t, ""))
	require.NoError(t, err)
	require.Equal(t, Default(), cfg)

	cfg, err = load(writeFile(t, `
[hls]
part = "100ms"
[[channel]]
id = "a"
ports = "1-3"
[[channel]]
id = "b"
name = "Second"
ports = "4"
latency = "1s"
after_loss = "freeze"
`))
	require.NoError(t, err)
	require.NoError(t, cfg.Validate())
	require.True(t, cfg.HLS.Enabled, "what a table does not say keeps its default")
	require.Equal(t, Duration(100*time.Millisecond), cfg.HLS.Part)
	require.Equal(t, []Channel{
		{
			ID: "a", Name: "a", Ports: Ports{1, 2, 3}, Source: SourceUDP,
			Latency: Duration(200 * time.Millisecond), AfterLoss: AfterLossContinue,
		},
		{
			ID: "b", Name: "Second", Ports: Ports{4}, Source: SourceUDP,
			Latency: Duration(time.Second), AfterLoss: AfterLossFreeze,
		},
	}, cfg.Channels)
}

// TestLoadOfOtherEditors reads what an editor of Windows writes.
func TestLoadOfOtherEditors(t *testing.T) {
	cfg, err := load(writeFile(t, "\uFEFF[http]\r\naddress = ':1'\r\n"))
	require.NoError(t, err)
	require.Equal(t, ":1", cfg.HTTP.Address)
}

func TestLoadErrors(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"unknown setting":   {"\n[http]\naddr = ':1'\n", "unknown settings: http.addr (line 3)"},
		"unknown table":     {"[htp]\naddr = ':1'\n", "unknown settings: htp (line 1)"},
		"two unknown ones":  {"a = 1\n\nb = 2\n", "unknown settings: a (line 1), b (line 3)"},
		"text for a list":   {"[[channel]]\nallow = '192.0.2.7'\n", "line 2: channel.allow must be a list"},
		"number for text":   {"[[channel]]\nid = 1\n", `line 2: channel.id must be text between quotes`},
		"text for a switch": {"[hls]\nenabled = 'yes'\n", `line 2: hls.enabled must be true or false`},
		"no TOML":           {"# all right\n\nhello\n", "line 3: "},
		"wrong type":        {"[hls]\nenabled = 3\n", "line 2: "},
		"wrong time":        {"\n\n\n[hls]\nsegment = \"fast\"\n", `line 5: "fast" is not a time; write it as 200ms or 1s`},
		"wrong ports":       {"[[channel]]\nports = \"a\"\n", `line 2: "a" are not ports; write them as 5078-5081`},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, c.content)
			_, err := load(path)
			require.ErrorIs(t, err, ErrSetting)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, path)
			require.Equal(t, 1, strings.Count(err.Error(), "line "+c.want[strings.LastIndex(c.want, "line ")+5:][:1]), err)
		})
	}
	_, err := load(filepath.Join(t.TempDir(), "none.toml"))
	require.ErrorIs(t, err, ErrSetting)
	require.ErrorContains(t, err, "is not there")
	_, err = load(t.TempDir())
	require.ErrorIs(t, err, ErrSetting)
	require.ErrorContains(t, err, "is a folder")
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`http.address: "5076" is no address; write :5076 or 192.0.2.1:5076`: func(c *Config) { c.HTTP.Address = "5076" },
		`http.address: "99999" is no port; ports are numbers from 1 to 65535`: func(c *Config) {
			c.HTTP.Address = ":99999"
		},
		`http.address: "" is no address`: func(c *Config) { c.HTTP.Address = "" },
		`http.public_url: "example.org" is no web address; write https://name/`: func(c *Config) {
			c.HTTP.PublicURL = "example.org"
		},
		`http.public_url: "ftp://a/" is no web address`:              func(c *Config) { c.HTTP.PublicURL = "ftp://a/" },
		`http.legacy_hls_address: "5077" is no address; write :5077`: func(c *Config) { c.HTTP.LegacyHLSAddress = "5077" },
		`http.trusted_proxies: "a" is neither an address nor a network`: func(c *Config) {
			c.HTTP.TrustedProxies = []string{"192.0.2.7", "a"}
		},
		"tls.key: the certificate's private key is missing":  func(c *Config) { c.TLS.Cert = "a" },
		"tls.cert: the private key's certificate is missing": func(c *Config) { c.TLS.Key = "a" },
		"tls.self_signed: there is a certificate already": func(c *Config) {
			c.TLS = TLS{Cert: "a", Key: "b", SelfSigned: true}
		},
		`access.mode: "" is unknown; write key or open`: func(c *Config) { c.Access.Mode = "" },
		`hls.variant: "x" is unknown; write low-latency, fmp4 or mpegts`: func(c *Config) {
			c.HLS.Variant = "x"
		},
		"hls.segment: 100ms is out of range; 200ms to 1m0s are possible": func(c *Config) {
			c.HLS.Segment = Duration(100 * time.Millisecond)
		},
		"hls.part: 2s is out of range; 50ms to 1s, the segment's length, are possible": func(c *Config) {
			c.HLS.Part = Duration(2 * time.Second)
		},
		"channel: there is none; one [[channel]] at least is needed": func(c *Config) { c.Channels = nil },
		`channel.id: "A b" must be 1 to 32 of a-z, 0-9 and -`:        func(c *Config) { c.Channels[0].ID = "A b" },
		`channel.id: "" must be 1 to 32`:                             func(c *Config) { c.Channels[0].ID = "" },
		`channel.name: "" is no name; write 1 to 60 characters`:      func(c *Config) { c.Channels[0].Name = "" },
		`channel.name: "a\nb" is no name; write 1 to 60 characters`: func(c *Config) {
			c.Channels[0].Name = "a\nb"
		},
		`channel.id: "rig1" is there twice`: func(c *Config) {
			c.Channels = append(c.Channels, c.Channels[0])
			c.Channels[1].Ports = Ports{1}
		},
		"channel.ports: port 5080 is there twice": func(c *Config) { c.Channels[0].Ports = Ports{5080, 5080} },
		"channel.ports: port 5081 is there twice": func(c *Config) {
			c.Channels = append(c.Channels, DefaultChannel())
			c.Channels[1].ID = "b"
		},
		"channel.ports: 65536 is no port":                            func(c *Config) { c.Channels[0].Ports = Ports{65536} },
		"channel.ports: -1 is no port":                               func(c *Config) { c.Channels[0].Ports = Ports{-1} },
		"channel.ports: 1 to 16 ports are needed, such as 5078-5081": func(c *Config) { c.Channels[0].Ports = nil },
		"channel.ports: 1 to 16 ports": func(c *Config) {
			c.Channels[0].Ports = make(Ports, 17)
		},
		`http.legacy_hls_address: "old" is no address; write :5077`: func(c *Config) { c.HTTP.LegacyHLSAddress = "old" },
		"http.legacy_hls_address: the page has port 5076; write another, such as :5077": func(c *Config) {
			c.HTTP.LegacyHLSAddress = "127.0.0.1:5076"
		},
		`channel.source: "tcp" is unknown; write udp or capture`: func(c *Config) { c.Channels[0].Source = "tcp" },
		"channel.ports: live capture needs to know them; 0 stands for any": func(c *Config) {
			c.Channels[0].Source, c.Channels[0].Ports = SourceCapture, Ports{0}
		},
		"channel.source: the demonstration sends to sockets; write udp": func(c *Config) {
			c.Demo, c.Channels[0].Source, c.Channels[0].Interface = true, SourceCapture, "lo"
		},
		"--demo: a capture is to be played; leave one of the two out": func(c *Config) { c.Demo, c.Capture = true, "a" },
		`channel.rtp_to: "127.0.0.1:1" is there twice: "rig1" sends there, too (channel 2, "b")`: func(c *Config) {
			c.Channels = append(c.Channels, other("b", 1))
			c.Channels[0].RTPTo, c.Channels[1].RTPTo = "127.0.0.1:1", "127.0.0.1:1"
		},
		`dump.folder: "captures" is no whole path; write it as /var/lib/captures`: func(c *Config) {
			c.Dump.Folder = "captures"
		},
		"dump.limit: 1023KiB is too little; write 1MiB or more": func(c *Config) { c.Dump.Limit = 1<<20 - 1<<10 },
		`channel.allow: "10.0.0" is neither an address nor a network; write 192.0.2.7, 192.0.2.0/24 or`: func(c *Config) {
			c.Channels[0].Allow = []string{"192.0.2.0/24", "10.0.0"}
		},
		"channel.latency: 19ms is out of range; 20ms to 5s are possible": func(c *Config) {
			c.Channels[0].Latency = Duration(19 * time.Millisecond)
		},
		`channel.rtp_to: "127.0.0.1:5079" is where "rig1" receives; write another port`: func(c *Config) {
			c.Channels[0].RTPTo = "127.0.0.1:5079"
		},
		`channel.rtp_to: "localhost:5079" is where "rig1" receives; write another port (channel 2, "b")`: func(c *Config) {
			c.Channels = append(c.Channels, other("b", 1))
			c.Channels[1].RTPTo = "localhost:5079"
		},
		`channel.after_loss: "stop" is unknown; write continue or freeze`: func(c *Config) {
			c.Channels[0].AfterLoss = "stop"
		},
		`channel.rtp_to: "here" is no address; write 127.0.0.1:4567`: func(c *Config) { c.Channels[0].RTPTo = "here" },
	} {
		cfg := Default()
		change(&cfg)
		err := cfg.Validate()
		require.ErrorIs(t, err, ErrSetting, want)
		require.Contains(t, err.Error(), "wrong setting: "+want)
	}

	// All that is wrong is said at once.
	cfg := Default()
	cfg.HTTP.Address, cfg.Access.Mode, cfg.Channels[0].RTPTo = "x", "y", "z"
	require.Len(t, strings.Split(cfg.Validate().Error(), "\n"), 3)

	// Live capture takes no port from anybody.
	cfg = Default()
	cfg.Channels = append(cfg.Channels, DefaultChannel())
	cfg.Channels[1].ID, cfg.Channels[1].Source, cfg.Channels[1].Interface = "b", SourceCapture, "eth0"
	require.NoError(t, cfg.Validate())

	// Two rigs may share ports on different interfaces, and ask for any free ones.
	cfg = Default()
	cfg.Channels = append(cfg.Channels, DefaultChannel())
	cfg.Channels[0].Interface, cfg.Channels[1].Interface, cfg.Channels[1].ID = "eth0", "eth1", "b"
	require.NoError(t, cfg.Validate())
	cfg.Channels[0].Ports = Ports{0, 0, 0}
	require.NoError(t, cfg.Validate())
}

func TestProblemsSayWhereTheyAre(t *testing.T) {
	cfg := Default()
	cfg.HTTP.Address = "x"
	cfg.Channels = append(cfg.Channels, DefaultChannel())
	cfg.Channels[1].ID, cfg.Channels[1].Ports, cfg.Channels[1].RTPTo = "b", Ports{5081}, "here"
	require.Equal(t, []Problem{
		{NoChannel, "http.address", `"x" is no address; write :5076 or 192.0.2.1:5076`},
		{1, "channel.rtp_to", `"here" is no address; write 127.0.0.1:4567`},
		{1, "channel.ports", `port 5081 is there twice: "rig1" has it, too`},
	}, cfg.Problems())
	require.Empty(t, Default().Problems())
}

func TestInterrupts(t *testing.T) {
	cfg := Default()
	cfg.Channels = append(cfg.Channels, DefaultChannel())
	cfg.Channels[1].ID, cfg.Channels[1].Ports = "b", Ports{6000}
	require.Empty(t, cfg.Interrupts(cfg))
	next := cfg.Clone()
	next.Channels[0].Latency *= 2
	next.Channels[0], next.Channels[1] = next.Channels[1], next.Channels[0]
	require.Empty(t, cfg.Interrupts(next), "latency and order")
	next.Channels[0].Ports = Ports{6001}
	require.Equal(t, []string{"b"}, cfg.Interrupts(next))
	next.Channels = next.Channels[:1]
	require.Equal(t, []string{"rig1", "b"}, cfg.Interrupts(next))
	next = cfg.Clone()
	next.Access.Mode = AccessOpen
	require.Equal(t, []string{"rig1", "b"}, cfg.Interrupts(next))
}
