package netsim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The types of this file are structs so that a bare number is no value of theirs.

// span is a time as scenario files have it: "40ms", "1.5s", "2m".
type span struct{ time.Duration }

// maxSpan is the longest time that a scenario can have.
const maxSpan = 24 * time.Hour

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 || d > maxSpan {
		return fmt.Errorf(`%q is no time: write it as "40ms", "1.5s" or "2m", up to 24h`, text)
	}
	s.Duration = d
	return nil
}

// rate is bits a second: "500kbps", "2.5Mbps".
type rate struct{ bits int64 }

// maxRate keeps what is reckoned with rates far from the ends of an int64.
const maxRate = 100e9

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *rate) UnmarshalText(text []byte) error {
	for _, unit := range []struct {
		name string
		bits float64
	}{{"kbps", 1e3}, {"Mbps", 1e6}, {"Gbps", 1e9}} {
		if number, ok := strings.CutSuffix(string(text), unit.name); ok {
			if n, err := decimal(number); err == nil && n*unit.bits >= 1 && n*unit.bits <= maxRate {
				r.bits = int64(n * unit.bits)
				return nil
			}
		}
	}
	return fmt.Errorf(`%q is no rate: write it as "500kbps" or "2.5Mbps", up to 100Gbps`, text)
}

// queue is how much may wait: a time at the link's rate, "300ms", or kilobytes, "64KB".
type queue struct {
	wait  time.Duration
	bytes int
}

// maxQueue is the largest queue in kilobytes.
const maxQueue = 100_000

// UnmarshalText implements encoding.TextUnmarshaler.
func (q *queue) UnmarshalText(text []byte) error {
	if number, ok := strings.CutSuffix(string(text), "KB"); ok {
		if n, err := decimal(number); err == nil && n >= minQueue/1000 && n <= maxQueue {
			*q = queue{bytes: int(n * 1000)}
			return nil
		}
	}
	var wait span
	if err := wait.UnmarshalText(text); err == nil && wait.Duration > 0 {
		*q = queue{wait: wait.Duration}
		return nil
	}
	return fmt.Errorf(`%q is no queue: write it as "300ms" of the link's rate, or as "64KB", from 2KB up`, text)
}

// share is a part of all: "1.5%".
type share struct{ part float64 }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *share) UnmarshalText(text []byte) error {
	if number, ok := strings.CutSuffix(string(text), "%"); ok {
		if n, err := decimal(number); err == nil && n <= 100 {
			s.part = n / 100
			return nil
		}
	}
	return fmt.Errorf(`%q is no share: write it as "1.5%%", up to 100%%`, text)
}

// decimal reads a number that is not negative, of digits and a point alone.
func decimal(text string) (float64, error) {
	if strings.Trim(text, "0123456789.") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, 64)
}
