// Package e2e holds the tests that drive the programs from outside, with a real browser. They run with the build tag
// browser.
package e2e
