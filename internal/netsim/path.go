package netsim

import "time"

// PathConfig says what a link is like in both directions.
type PathConfig struct {
	Name    string     // what to call it, or empty
	Up      LinkConfig // from the sender to the receiver
	Down    LinkConfig // from the receiver to the sender
	Rebinds []Rebind
}

// Rebind is when the address translator that a link passes gives the sender another port: first at After, and then
// once in every Every, counted from the start of the link. Without Every it happens once.
type Rebind struct {
	After, Every time.Duration
}

// Path is a link in both directions. It is not safe for concurrent use, but one goroutine may use Up and another Down.
type Path struct {
	Up, Down *Link
	rebinds  []Rebind
	start    time.Time
}

// NewPath returns link number index of those that share a seed. Each draws from streams of its own, so that a change of
// one changes nothing for the others. Both directions are bad and down at the same times where they are configured
// equally in this.
func NewPath(config PathConfig, start time.Time, seed uint64, index int) *Path {
	stream := 2 * uint64(index)
	return &Path{
		Up:      newLink(config.Up, start, seed, [2]uint64{stream, stream}),
		Down:    newLink(config.Down, start, seed, [2]uint64{stream + 1, stream}),
		rebinds: config.Rebinds, start: start,
	}
}

// Binding counts how often the sender's port has changed by now, as the receiver sees it. What the receiver sends to a
// port from before is lost. It may be called concurrently.
func (p *Path) Binding(now time.Time) int {
	count := 0
	since := now.Sub(p.start)
	for _, r := range p.rebinds {
		if since < r.After {
			continue
		}
		count++
		if r.Every > 0 {
			count += int((since - r.After) / r.Every)
		}
	}
	return count
}
