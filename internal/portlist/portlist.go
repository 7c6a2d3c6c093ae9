// Package portlist reads and writes lists of ports as people and settings write them: "5078-5081", "5078,5080" or both.
package portlist

import (
	"fmt"
	"strconv"
	"strings"
)

// Most is how many ports a list may have, one for each link of a rig.
const Most = 16

// Parse reads a list of ports, in its order; 0 is one, too. The error says what is right.
func Parse(text string) ([]int, error) {
	var ports []int
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		first, err1 := ParsePort(from)
		last, err2 := ParsePort(to)
		if err1 != nil || err2 != nil || last < first {
			return nil, fmt.Errorf("%q are not ports; write them as 5078-5081 or 5078,5080", text)
		}
		if len(ports)+last-first >= Most {
			return nil, fmt.Errorf("%q are too many ports; a rig has at most %d links", text, Most)
		}
		for n := first; n <= last; n++ {
			ports = append(ports, n)
		}
	}
	return ports, nil
}

// ParsePort reads one port.
func ParsePort(text string) (int, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16)
	return int(n), err
}

// Format writes ports in their order, as Parse reads them. From three on, those that follow each other are a range.
func Format(ports []int) string {
	var parts []string
	for i := 0; i < len(ports); {
		last := i
		for last+1 < len(ports) && ports[last+1] == ports[last]+1 {
			last++
		}
		if last-i >= 2 {
			parts = append(parts, fmt.Sprintf("%d-%d", ports[i], ports[last]))
			i = last + 1
			continue
		}
		parts = append(parts, strconv.Itoa(ports[i]))
		i++
	}
	return strings.Join(parts, ",")
}
