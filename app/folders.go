package app

import (
	"os"
	"path/filepath"
	"runtime"
)

// stateDirectory returns the folder that the service manager gives a service for what it keeps, or an empty string.
func stateDirectory() string {
	list := filepath.SplitList(os.Getenv("STATE_DIRECTORY"))
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// dataFolder returns where files go that the program makes: the service's state directory, or the user's own folder
// for data.
func dataFolder() (string, error) {
	if state := stateDirectory(); state != "" {
		return state, nil
	}
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) { // as the XDG base directory specification says
		return filepath.Join(data, "isc-receiver"), nil
	}
	if runtime.GOOS != "linux" {
		config, err := os.UserConfigDir()
		return filepath.Join(config, "isc-receiver"), err
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "share", "isc-receiver"), err
}
