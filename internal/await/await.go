// Package await has tests wait for what goroutines and programs beside them do.
package await

import (
	"testing"
	"time"
)

const (
	patience = 30 * time.Second // that a busy machine may take for anything
	pause    = 10 * time.Millisecond
)

// Until calls so again and again until it returns true, and returns how long that took. It fails the test where that
// takes longer than a busy machine may. so runs in the test's own goroutine, so that it may fail the test, too.
func Until(t testing.TB, what string, so func() bool) time.Duration {
	t.Helper()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for began := time.Now(); ; <-ticker.C {
		switch took := time.Since(began); {
		case so():
			return took
		case took > patience:
			t.Fatal("waited in vain: ", what)
		}
	}
}
