// Package e2e holds the tests that drive the programs from outside: over sockets, with signals and, with the build tag
// browser, with a real browser.
package e2e
