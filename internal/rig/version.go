package rig

// Version is the version of the sending side. The build sets it from FyneApp.toml; "dev" is a build without that.
var Version = "dev"
