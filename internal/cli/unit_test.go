package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/isc-receiver/isc-receiver/internal/cli"
)

// TestUnits looks whether the services' units know the status for wrong settings, with which no program is started
// again, and keep a crash, which ends a Go program with the same status, apart from it.
func TestUnits(t *testing.T) {
	units, err := filepath.Glob("../../packaging/deb/*/usr/lib/systemd/system/*.service")
	require.NoError(t, err)
	require.NotEmpty(t, units)
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		require.NoError(t, err)
		require.Contains(t, string(text), fmt.Sprintf("\nRestartPreventExitStatus=%d\n", cli.Usage), unit)
		require.Contains(t, string(text), "\nEnvironment=GOTRACEBACK=crash\n", unit)
	}
}
