package receiver

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Environment variables of the random tests.
const (
	// soakVariable says how many segments a random test is to make at least.
	soakVariable = "ISC_SOAK"
	// seedVariable names the one seed that is to be tried, such as one that has failed.
	seedVariable = "ISC_SEED"
)

// soakReport is how often a long test says how far it has come.
const soakReport = 10 * time.Second

// tally is what random cases were made of.
type tally struct {
	segments  int
	lost      int // datagrams on the way
	sent      int // RTP packets that went into the coding
	out       int // RTP packets that came out
	recovered int // of those, by the coding
}

func (a *tally) add(b tally) {
	a.segments += b.segments
	a.lost += b.lost
	a.sent += b.sent
	a.out += b.out
	a.recovered += b.recovered
}

// soak tries one seed after the other, on all processors, until the cases had that many segments, or as many as
// soakVariable says. It logs the seed of a case that fails.
func soak(t *testing.T, segments int, try func(*testing.T, uint64) tally) {
	t.Helper()
	if testing.Short() {
		segments /= 10
	}
	if s := os.Getenv(soakVariable); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		segments = n
	}
	if s := os.Getenv(seedVariable); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		require.NoError(t, err)
		t.Logf("seed %d: %+v", seed, try(t, seed))
		return
	}
	var next atomic.Uint64
	var failed atomic.Bool
	var mu sync.Mutex
	var total tally
	began := time.Now()
	reported := began
	report := func() {
		t.Logf("%d seeds in %.0f s: %d segments; %d datagrams lost on the way; of %d packets %d came out, %d of them rebuilt",
			next.Load(), time.Since(began).Seconds(), total.segments, total.lost, total.sent, total.out, total.recovered)
	}
	worker := func(t *testing.T) {
		t.Helper()
		t.Parallel()
		for {
			seed := next.Add(1) - 1
			one := trySeed(t, seed, &failed, try)
			mu.Lock()
			total.add(one)
			done := total.segments >= segments
			if time.Since(reported) >= soakReport {
				reported = time.Now()
				report()
			}
			mu.Unlock()
			if done || failed.Load() {
				return
			}
		}
	}
	t.Run("workers", func(t *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			t.Run("", worker)
		}
	})
	report()
}

// trySeed tries a seed. Where that fails it logs which it was, and sets failed.
func trySeed(t *testing.T, seed uint64, failed *atomic.Bool, try func(*testing.T, uint64) tally) tally {
	t.Helper()
	passed := false
	defer func() {
		if !passed {
			failed.Store(true)
			t.Logf("seed %d failed; %s=%d tries it alone", seed, seedVariable, seed)
		}
	}()
	one := try(t, seed)
	passed = true
	return one
}
