package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestService(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"0::/\n":                  "",
		"nonsense\n0:\n1:a\n::\n": "",
		"0::/system.slice/isc-receiverd.service\n":                                  "isc-receiverd.service",
		"0::/system.slice/isc-receiverd.service/payload\n":                          "isc-receiverd.service",
		"0::/system.slice/system-isc.slice/isc@1.service\n":                         "isc@1.service",
		"9:name=systemd:/system.slice/isc-receiverd.service\n8:pids:/\n0::/\n":      "isc-receiverd.service",
		"8:pids:/system.slice/other.service\n0::/user.slice/session-1.scope\n":      "",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/term.service\n": "",
		"0::/system.slice/docker-0123.scope\n":                                      "",
	} {
		root := t.TempDir()
		require.NoError(t, os.MkdirAll(filepath.Join(root, "proc/self"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, "proc/self/cgroup"), []byte(text), 0o600))
		unit, ok := machine{root: root}.service()
		require.Equal(t, want, unit, text)
		require.Equal(t, want != "", ok, text)
	}
	_, ok := machine{root: t.TempDir()}.service()
	require.False(t, ok)
}
