#!/bin/sh
# Prints what FyneApp.toml says.
# usage: setting.sh NAME    such as Version
exec sed -n "s/^${1:?usage: setting.sh NAME} *= *\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" "$(dirname "$0")/../FyneApp.toml"
