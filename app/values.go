package app

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/status"
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

// maxLinks is how many links a channel may have.
const maxLinks = 16

// Ports are UDP ports that read and write as text: "5078-5081", "5078,5080" or both. 0 is any free port.
type Ports []int

// MarshalText implements encoding.TextMarshaler.
func (p Ports) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// String writes the ports as they are read, runs as ranges.
func (p Ports) String() string { return status.FormatPorts(p) }

// UnmarshalText implements encoding.TextUnmarshaler. The error says what is right.
func (p *Ports) UnmarshalText(text []byte) error {
	var ports Ports
	for part := range strings.SplitSeq(string(text), ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		first, err1 := port(from)
		last, err2 := port(to)
		if err1 != nil || err2 != nil || last < first {
			return fmt.Errorf("%q are not ports; write them as 5078-5081 or 5078,5080", text)
		}
		if len(ports)+last-first >= maxLinks {
			return fmt.Errorf("%q are too many ports; a rig has at most %d links", text, maxLinks)
		}
		for n := first; n <= last; n++ {
			ports = append(ports, n)
		}
	}
	*p = ports
	return nil
}

func port(text string) (int, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16)
	return int(n), err
}
