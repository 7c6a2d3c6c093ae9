package gui

import (
	"os"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/require"
)

// TestAppID checks that the running window and the packaged one have the same identity, which settings are kept under.
func TestAppID(t *testing.T) {
	text, err := os.ReadFile("../FyneApp.toml")
	require.NoError(t, err)
	var file struct {
		Details struct{ ID, Name string }
	}
	require.NoError(t, toml.Unmarshal(text, &file))
	require.Equal(t, appID, file.Details.ID)
	require.Equal(t, title, file.Details.Name)
}
