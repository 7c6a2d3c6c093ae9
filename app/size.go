package app

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	humanize "github.com/dustin/go-humanize"
)

// Size is a number of bytes that reads and writes as text, such as "1GiB" or "500MB".
type Size int64

// MarshalText implements encoding.TextMarshaler.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String writes the size so that reading it gives the same.
func (s Size) String() string {
	for _, text := range []string{humanize.IBytes(uint64(s)), humanize.Bytes(uint64(s))} {
		text = strings.ReplaceAll(strings.ReplaceAll(text, " ", ""), ".0", "")
		if n, err := humanize.ParseBytes(text); err == nil && Size(n) == s {
			return text
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// UnmarshalText implements encoding.TextUnmarshaler. The error says what is right.
func (s *Size) UnmarshalText(text []byte) error {
	n, err := humanize.ParseBytes(string(text))
	if err != nil || n > math.MaxInt64 {
		return fmt.Errorf("%q is not a size; write it as 1GiB or 500MB", text)
	}
	*s = Size(n)
	return nil
}
