//go:build !race

package receiver

// The race detector allocates, too.

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPathAllocations has nothing allocated for a datagram on its way, but for what leaves the pipeline: access units
// and feedback. Where packets are lost, memory for those that are rebuilt comes from the pool.
func TestPathAllocations(t *testing.T) {
	for _, c := range [][3]int{{3, 1, 0}, {2, 2, 0}, {5, 3, 0}, {6, 2, 0}, {8, 4, 0}, {2, 2, 10}, {5, 3, 10}} {
		t.Run(fmt.Sprintf("%d+%d, %d of 1000 lost", c[0], c[1], c[2]), func(t *testing.T) {
			p := newPath(c[0], c[1], c[2])
			p.warm()
			require.Less(t, p.apart(t), 0.001) // feedback with more digits takes one more
			_, packets := p.pipeline.Counts()
			require.Zero(t, packets.Lost)
			require.Equal(t, c[2] > 0, packets.Saved > 0)
		})
	}
}
