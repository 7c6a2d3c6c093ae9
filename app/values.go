package app

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/portlist"
)

// Duration is a time.Duration that reads and writes as text, such as "200ms".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time; write it as 200ms or 1s", text)
	}
	*d = Duration(parsed)
	return nil
}

// ParseMilliseconds reads a time that is written as a number of milliseconds, as in a form: "200". The error says what
// is right.
func ParseMilliseconds(text string) (Duration, error) {
	parsed, err := time.ParseDuration(strings.TrimSpace(text) + "ms")
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of milliseconds; write 200", text)
	}
	return Duration(parsed), nil
}

// Milliseconds writes a time as ParseMilliseconds reads it.
func (d Duration) Milliseconds() string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', -1, 64)
}

// Ports are UDP ports that read and write as text: "5078-5081", "5078,5080" or both. 0 is any free port.
type Ports []int

// MarshalText implements encoding.TextMarshaler.
func (p Ports) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// String writes the ports as they are read, runs as ranges.
func (p Ports) String() string { return portlist.Format(p) }

// UnmarshalText implements encoding.TextUnmarshaler. The error says what is right.
func (p *Ports) UnmarshalText(text []byte) error {
	parsed, err := portlist.Parse(string(text))
	if err == nil {
		*p = parsed
	}
	return err
}
