package netsim

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/isc-receiver/isc-receiver/internal/portlist"
)

// ErrScenario says that a scenario is not there, or is not written as one.
var ErrScenario = errors.New("netsim: no scenario")

//go:embed scenarios/*.toml
var builtIn embed.FS

// Scenario says what a number of links are like.
type Scenario struct {
	Name  string
	About string // what it stands for, in a sentence or two
	Links []PathConfig
}

// Scenarios returns the names of the built-in scenarios, in alphabetical order.
func Scenarios() []string {
	entries, err := fs.ReadDir(builtIn, "scenarios")
	if err != nil {
		panic(err) // they are part of the program
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = strings.TrimSuffix(entry.Name(), ".toml")
	}
	return names
}

// LoadScenario returns a built-in scenario, by its name, or that in a file, whose name ends in ".toml". The error is
// ErrScenario, with a sentence for whoever named it.
func LoadScenario(name string) (Scenario, error) {
	text, err := builtIn.ReadFile(path.Join("scenarios", name+".toml"))
	if !strings.HasSuffix(name, ".toml") {
		if err != nil {
			return Scenario{}, fmt.Errorf("%w: there is none with the name %q; the built-in ones are %s, and the name of a "+
				"file ends in .toml", ErrScenario, name, strings.Join(Scenarios(), ", "))
		}
		return ParseScenario(name, text)
	}
	if text, err = os.ReadFile(name); err != nil {
		return Scenario{}, fmt.Errorf("%w: the file cannot be read: %w", ErrScenario, err)
	}
	return ParseScenario(strings.TrimSuffix(path.Base(name), ".toml"), text)
}

// The file, as docs/lab.md explains it. What is nil is not in it.
type scenarioFile struct {
	About string     `toml:"about"`
	Links []linkFile `toml:"link"`
}

type linkFile struct {
	Name string `toml:"name"`
	directionFile
	Down    directionFile `toml:"down"`
	Rebinds []rebindFile  `toml:"rebinds"`
}

type directionFile struct {
	Delay    *span         `toml:"delay"`
	Jitter   *span         `toml:"jitter"`
	Rate     *rate         `toml:"rate"`
	Queue    *queue        `toml:"queue"`
	Loss     *share        `toml:"loss"`
	Repeat   *share        `toml:"repeat"`
	Burst    *burstFile    `toml:"burst"`
	Reorder  *reorderFile  `toml:"reorder"`
	Outages  []outageFile  `toml:"outages"`
	Dropouts *dropoutsFile `toml:"dropouts"`
}

type burstFile struct {
	Good span  `toml:"good"`
	Bad  span  `toml:"bad"`
	Loss share `toml:"loss"`
	Rate rate  `toml:"rate"`
}

type reorderFile struct {
	Share share `toml:"share"`
	By    span  `toml:"by"`
}

type outageFile struct {
	After span `toml:"after"`
	Every span `toml:"every"`
	For   span `toml:"for"`
	Hold  bool `toml:"hold"`
}

type dropoutsFile struct {
	Up   span `toml:"up"`
	Down span `toml:"down"`
	Hold bool `toml:"hold"`
}

type rebindFile struct {
	After span `toml:"after"`
	Every span `toml:"every"`
}

// ParseScenario reads a scenario. The error is ErrScenario, and says what is wrong in which line or link.
func ParseScenario(name string, text []byte) (Scenario, error) {
	var file scenarioFile
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&file)
	if err != nil {
		return Scenario{}, fmt.Errorf("%w: %s: %s", ErrScenario, name, describe(err))
	}
	if len(file.Links) == 0 || len(file.Links) > portlist.Most {
		return Scenario{}, fmt.Errorf("%w: %s: it has %d links, 1 to %d are possible, each under [[link]]",
			ErrScenario, name, len(file.Links), portlist.Most)
	}
	scenario := Scenario{Name: name, About: file.About}
	for i, link := range file.Links {
		p := PathConfig{Name: link.Name}
		if p.Up, err = link.config(); err == nil {
			p.Down, err = link.Down.or(link.directionFile).config()
		}
		if err != nil {
			return Scenario{}, fmt.Errorf("%w: %s: link %d: %w", ErrScenario, name, i+1, err)
		}
		for _, r := range link.Rebinds {
			p.Rebinds = append(p.Rebinds, Rebind{r.After.Duration, r.Every.Duration})
		}
		scenario.Links = append(scenario.Links, p)
	}
	return scenario, nil
}

// describe says where in a scenario the mistake is.
func describe(err error) string {
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		names := make([]string, 0, len(strict.Errors))
		for _, e := range strict.Errors {
			row, _ := e.Position()
			names = append(names, fmt.Sprintf("%s (line %d)", strings.Join(e.Key(), "."), row))
		}
		return "unknown: " + strings.Join(names, ", ")
	}
	if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, _ := decode.Position()
		return fmt.Sprintf("line %d: %s", row, strings.TrimPrefix(decode.Error(), "toml: "))
	}
	return err.Error()
}

// or returns a direction that is like another in all that it does not say.
func (d directionFile) or(other directionFile) directionFile {
	if d.Outages == nil {
		d.Outages = other.Outages
	}
	return directionFile{
		Delay: cmp.Or(d.Delay, other.Delay), Jitter: cmp.Or(d.Jitter, other.Jitter),
		Rate: cmp.Or(d.Rate, other.Rate), Queue: cmp.Or(d.Queue, other.Queue),
		Loss: cmp.Or(d.Loss, other.Loss), Repeat: cmp.Or(d.Repeat, other.Repeat),
		Burst: cmp.Or(d.Burst, other.Burst), Reorder: cmp.Or(d.Reorder, other.Reorder),
		Outages: d.Outages, Dropouts: cmp.Or(d.Dropouts, other.Dropouts),
	}
}
