package receiver

import "github.com/isc-receiver/isc-receiver/internal/status"

// ceilings returns how the channel stands against its limits.
func (p *Pipeline) ceilings() map[string]status.Ceiling {
	return map[string]status.Ceiling{}
}
