package portowner

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOwnerInWords(t *testing.T) {
	for want, owner := range map[string]Owner{
		"python3 (pid 812)":         {Held: true, Program: "python3", PID: 812},
		"a program of the user bob": {Held: true, User: "bob"},
		"another program":           {Held: true},
		"the ISC Receiver service":  {Held: true, Program: "isc-receiverd", PID: 4, Service: true},
	} {
		require.Equal(t, want, owner.String())
	}
	require.Equal(t, "Close it", Owner{Held: true, Program: "python3", PID: 812}.Remedy())
	require.Equal(t, "See with sudo ss -tulpn which it is and close it,", Owner{Held: true, User: "bob"}.Remedy())
	require.Equal(t, "Stop it with sudo systemctl stop isc-receiverd,", Owner{Service: true}.Remedy())
}
