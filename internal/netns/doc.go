// Package netns gives a test a network namespace of its own, in which it may make interfaces as it likes. Only Linux
// has such.
package netns
