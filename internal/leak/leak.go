// Package leak finds goroutines that a test left behind.
package leak

import (
	"runtime"
	"testing"
	"time"
)

// patience is how long goroutines that are about to end may take for it on a busy machine.
const patience = 20 * time.Second

// None fails the test if more goroutines run at its end than now. It is not for tests that run in parallel with others.
func None(t testing.TB) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(deadline) {
				buffer := make([]byte, 1<<20)
				t.Fatalf("goroutines are left:\n%s", buffer[:runtime.Stack(buffer, true)])
			}
		}
	})
}
