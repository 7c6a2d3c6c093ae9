//go:build !linux

package portowner

func find(ports []Port) []Owner { return make([]Owner, len(ports)) }
