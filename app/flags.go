package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/pelletier/go-toml/v2"

	"github.com/isc-receiver/isc-receiver/internal/journal"
)

// Flags are the command-line flags of the receiver, for the kong library, which also reads them from the environment.
// What is not given is nil or empty, and leaves what the settings file says.
type Flags struct {
	File      string    `name:"config" placeholder:"FILE" help:"Settings file; see isc-receiver.toml(5)."`
	Interface *string   `placeholder:"NAME" help:"Network interface to receive on. Default: all."`
	Ports     *string   `placeholder:"PORTS" help:"UDP ports of the links, as 5078-5081 or a list."`
	HTTP      *string   `name:"http" placeholder:"ADDR" help:"${http_help}"`
	Latency   *Duration `placeholder:"TIME" help:"Latency budget: how long a gap is waited for. Default: 200ms."`
	NoHLS     bool      `name:"no-hls" help:"Start with the HLS output switched off."`
	RTPTo     *string   `name:"rtp-to" placeholder:"ADDR" help:"Send the RTP packets on to this UDP address, too."`
	Access    string    `enum:",key,open" default:"" placeholder:"MODE" help:"${access_help}"`
	Origins   []string  `placeholder:"ORIGIN" help:"${origins_help}"`
	Demo      bool      `help:"Demonstration: a simulated rig sends over four bad links."`
	LogLevel  string    `enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error."`
	LogFormat string    `enum:"text,json" default:"text" help:"text, or json: an object for each line."`
}

// ParserOptions returns what a kong parser of a program with these flags needs: each flag is read from the
// environment too, as ISC_ and its name.
func ParserOptions(program, description string) []kong.Option {
	return []kong.Option{
		kong.Name(program), kong.Description(description), kong.DefaultEnvars("ISC"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{
			"http_help":    "Address of the page. Default: :5076; in a demonstration 127.0.0.1:5076.",
			"access_help":  "Who may watch: key (whoever has the link) or open (everyone). Default: key.",
			"origins_help": "Other sites whose pages may show the video, as https://wards.example; a list has commas.",
		},
	}
}

// Config returns the settings: the defaults, then the settings file, then the flags, checked. The flags that are about
// one rig are about the first channel.
func (f Flags) Config() (Config, error) {
	cfg := f.defaults()
	if f.File != "" {
		if err := cfg.Load(f.File); err != nil {
			return cfg, err
		}
	}
	if err := f.apply(&cfg); err != nil {
		return cfg, err
	}
	return cfg, cfg.Validate()
}

// defaults returns what holds where nothing is said.
func (f Flags) defaults() Config {
	cfg := Default()
	cfg.Demo = f.Demo
	if f.Demo {
		cfg.HTTP.Address = "127.0.0.1:5076" // nobody else needs to see it
	}
	return cfg
}

// apply changes what the flags say.
func (f Flags) apply(cfg *Config) error {
	set(&cfg.HTTP.Address, f.HTTP)
	if f.Access != "" {
		cfg.Access.Mode = f.Access
	}
	if len(f.Origins) > 0 {
		cfg.Access.Origins = f.Origins
	}
	if f.NoHLS {
		cfg.HLS.Enabled = false
	}
	if len(cfg.Channels) == 0 {
		return nil
	}
	rig := &cfg.Channels[0]
	set(&rig.Interface, f.Interface)
	set(&rig.RTPTo, f.RTPTo)
	if f.Latency != nil {
		rig.Latency = *f.Latency
	}
	if f.Ports != nil && *f.Ports != "" {
		if err := rig.Ports.UnmarshalText([]byte(*f.Ports)); err != nil {
			return fmt.Errorf("%w: --ports: %w", ErrSetting, err)
		}
	}
	return nil
}

// Log returns the logger that the flags ask for, writing to standard error, or to the journal where that goes there.
func (f Flags) Log() *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		level = slog.LevelInfo // kong has checked it; an empty Flags means the default
	}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	}
	return journal.Log(level)
}

// set sets a setting to what a flag says. An empty one, as an environment variable may be, says nothing.
func set(to, from *string) {
	if from != nil && *from != "" {
		*to = *from
	}
}

// byteOrderMark is what some editors begin a text with.
const byteOrderMark = "\uFEFF"

// Load reads a settings file into c. What it does not say stays, but for channels, whose settings have their defaults
// then; a setting that is unknown is an error, ErrUnknownSetting where that is all, and c holds the others then.
func (c *Config) Load(path string) error {
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 { // to open one waits, deaf to signals
		return fmt.Errorf("%w: the settings file %s is a pipe; write a file", ErrSetting, path)
	}
	file, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: the settings file %s is not there", ErrSetting, path)
		}
		return fmt.Errorf("%w: the settings file cannot be read: %w", ErrSetting, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	return c.decode(path, file)
}

// maxSettings is how large a settings file may be, in bytes.
const maxSettings = 1 << 20

// decode is Load of a file that is open.
func (c *Config) decode(path string, file io.Reader) error {
	c.Channels = nil
	text, err := io.ReadAll(io.LimitReader(file, maxSettings+1))
	if len(text) > maxSettings {
		return fmt.Errorf("%w: the settings file %s is larger than 1 MiB; is it another file?", ErrSetting, path)
	}
	text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	if err == nil {
		err = toml.Unmarshal(text, new(times))
	}
	if err == nil {
		err = toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(c)
	}
	strict, unknown := errors.AsType[*toml.StrictMissingError](err)
	switch {
	case unknown:
		err = fmt.Errorf("%w: %s: %w: %s", ErrSetting, path, ErrUnknownSetting, listUnknown(strict))
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%w: the settings file %s is a folder", ErrSetting, path)
	case err != nil:
		return fmt.Errorf("%w: %s: %s", ErrSetting, path, describe(err))
	}
	if c.Channels == nil {
		c.Channels = []Channel{DefaultChannel()}
	}
	for i := range c.Channels {
		c.Channels[i].fill()
	}
	return err
}

// fill gives the settings that a channel does not say their defaults.
func (c *Channel) fill() {
	d := DefaultChannel()
	if c.Name == "" {
		c.Name = c.ID
	}
	if len(c.Ports) == 0 {
		c.Ports = d.Ports
	}
	if c.Source == "" {
		c.Source = d.Source
	}
	if c.Latency == 0 {
		c.Latency = d.Latency
	}
	if c.AfterLoss == "" {
		c.AfterLoss = d.AfterLoss
	}
}

// listUnknown names the unknown settings of a file, and where they are.
func listUnknown(err *toml.StrictMissingError) string {
	names := make([]string, 0, len(err.Errors))
	for _, e := range err.Errors {
		row, _ := e.Position()
		names = append(names, fmt.Sprintf("%s (line %d)", strings.Join(e.Key(), "."), row))
	}
	return strings.Join(names, ", ")
}

// describe says where in a settings file the mistake is.
func describe(err error) string {
	if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, _ := decode.Position()
		text := strings.TrimPrefix(decode.Error(), "toml: ")
		for kind, example := range kinds {
			if strings.HasPrefix(text, "cannot decode TOML") && strings.HasSuffix(text, " of type "+kind) {
				text = fmt.Sprintf("%s must be %s", strings.Join(decode.Key(), "."), example)
			}
		}
		return fmt.Sprintf("line %d: %s", row, text)
	}
	return err.Error()
}

// kinds says how values of a type are written.
var kinds = map[string]string{
	"[]string": `a list, such as ["192.0.2.7"]`,
	"string":   `text between quotes, such as "text"`,
	"bool":     "true or false",

	"app.timeText": `a time with its unit, between quotes: write "1s" or "200ms"`,
}

// times are the settings that are times, as texts. A number without a unit does not fit, while a Duration would take it
// for nanoseconds.
type times struct {
	HLS struct {
		Segment timeText `toml:"segment"`
		Part    timeText `toml:"part"`
	} `toml:"hls"`
	Channels []struct {
		Latency timeText `toml:"latency"`
	} `toml:"channel"`
}

type timeText string
