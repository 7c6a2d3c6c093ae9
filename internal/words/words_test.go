package words

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCount(t *testing.T) {
	require.Equal(t, "0 links", Count(0, "link"))
	require.Equal(t, "1 link", Count(uint64(1), "link"))
	require.Equal(t, "2 links", Count(2, "link"))
}

func TestList(t *testing.T) {
	require.Empty(t, List(nil))
	require.Equal(t, "a", List([]string{"a"}))
	require.Equal(t, "a and b", List([]string{"a", "b"}))
	require.Equal(t, "a, b and c", List([]string{"a", "b", "c"}))
}
