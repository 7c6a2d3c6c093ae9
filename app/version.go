package app

// Version is the version of the program. The build sets it from FyneApp.toml; "dev" is a build without that.
var Version = "dev"
