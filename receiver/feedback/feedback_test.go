package feedback

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDelay(t *testing.T) {
	at := func(seconds, hundredths int64) time.Time {
		return time.Unix(seconds, hundredths*int64(10*time.Millisecond))
	}
	for _, c := range []struct {
		timestamp uint16
		arrival   time.Time
		want      int
	}{
		{0, at(0, 0), 0},
		{0, at(0, 5), 5},
		{0, time.Unix(0, 9_999_999), 0},  // whole hundredths, cut off
		{0, time.Unix(0, 10_000_000), 1}, //
		{0, time.Unix(1, 999_999_999), 199},
		{0, at(99, 99), 9999},
		{0, at(100, 0), 0}, // the clock wraps
		{5, at(100, 0), 9995},
		{9999, at(100, 1), 2},
		{9999, at(0, 0), 1},
		{0, at(1_795_326_690, 55), 9055},
		{9000, at(1_795_326_690, 55), 55},
		{10_000, at(0, 0), 0},    // another unit, cut to 16 bits
		{65_535, at(0, 0), 4465}, //
		{1, at(-1, 0), 9899},     // before 1970
	} {
		require.Equal(t, c.want, Delay(c.timestamp, c.arrival), "%d at %v", c.timestamp, c.arrival)
	}
	// The zone is no matter.
	zone := time.FixedZone("", 5400)
	require.Equal(t, Delay(7, at(1234, 56)), Delay(7, at(1234, 56).In(zone)))
}

func TestDifference(t *testing.T) {
	for _, c := range []struct{ a, b, want int }{
		{0, 0, 0},
		{7, 5, 2},
		{5, 7, -2},
		{0, 9999, 1},
		{9999, 0, -1},
		{4999, 0, 4999},
		{5000, 0, -5000},
		{0, 5000, -5000},
		{0, 5001, 4999},
		{9999, 4999, -5000},
		{9998, 4999, 4999},
	} {
		require.Equal(t, c.want, Difference(c.a, c.b), "%d - %d", c.a, c.b)
	}
	for a := 0; a < clockCycle; a += 37 {
		for b := 0; b < clockCycle; b += 41 {
			d := Difference(a, b)
			require.True(t, d >= -5000 && d <= 4999)
			require.Zero(t, (b+d-a)%clockCycle)
		}
	}
}

// arrive reports n packets of a link with the same delay and returns the datagrams that were due.
func arrive(f *Feedback, n, on, delay int) (texts []string) {
	for range n {
		for _, b := range f.Arrived(nil, on, delay) {
			texts = append(texts, string(b))
		}
	}
	return texts
}

func TestScores(t *testing.T) {
	f := New(4)
	require.Empty(t, arrive(f, 99, 0, 500))
	require.Equal(t, []string{"0@10000000@0@0@0"}, arrive(f, 1, 0, 500), "no deviation counts as 1")

	// Counts begin again; first delays stay.
	require.Empty(t, arrive(f, 50, 0, 503)) // 3 off: D = 150
	require.Empty(t, arrive(f, 7, 1, 9999)) // its first: D = 0
	require.Empty(t, arrive(f, 2, 1, 1))    // across the wrap: D = 4
	require.Empty(t, arrive(f, 1, 3, 40))   //
	require.Empty(t, arrive(f, 30, 3, 30))  // earlier counts like later: D = 300
	require.Empty(t, arrive(f, 49, 0, 500)) //
	texts := arrive(f, 1, 0, 400)           // D = 250 after 100
	require.Equal(t, []string{"0@40000@225000@0@10333"}, texts)

	// Nothing is carried over from one to the next.
	require.Equal(t, []string{"0@0@0@10000000@0"}, arrive(f, 100, 2, 1))

	f.Restarted()
	require.Equal(t, []string{"0@10000000@0@0@0", "0@10000000@0@0@0"}, arrive(f, 200, 0, 7777))
}

func TestScoresOfAnyNumberOfLinks(t *testing.T) {
	require.Equal(t, []string{"0@10000000"}, arrive(New(1), 100, 0, 0))
	for links := 2; links <= 16; links++ {
		f := New(links)
		want := "0"
		for i := range links {
			require.Empty(t, arrive(f, i, i, 0))
			if i == links-1 {
				want += "@10000000"
			} else {
				want += fmt.Sprintf("@%d", i*scoreScale)
			}
		}
		require.Equal(t, []string{want}, arrive(f, 100-(links-1), links-1, 0))
	}
}

// TestScoreAppends checks that what was in dst stays, and that the datagram is the caller's.
func TestScoreAppends(t *testing.T) {
	f := New(1)
	arrive(f, 99, 0, 0)
	dst := f.Arrived([][]byte{[]byte("before")}, 0, 0)
	require.Len(t, dst, 2)
	require.Equal(t, "before", string(dst[0]))
	first := string(dst[1])
	arrive(f, 100, 0, 2000)
	require.Equal(t, first, string(dst[1]))
}

func TestJitter(t *testing.T) {
	release := func(f *Feedback, n int, delay func(i int) int) (texts []string) {
		for i := range n {
			for _, b := range f.Released(nil, delay(i)) {
				texts = append(texts, string(b))
			}
		}
		return texts
	}
	steady := func(int) int { return 1234 }
	f := New(4)
	require.Empty(t, release(f, 500, steady), "the first packet has none before it")
	require.Equal(t, []string{"1@0"}, release(f, 1, steady))
	require.Equal(t, []string{"1@0", "1@0"}, release(f, 1000, steady))

	// J goes from 0 towards 10: after 500 updates it is 10 * (1 - 0.999^500) = 3.936, then 6.323.
	f = New(4)
	swing := func(i int) int { return 10 * (i % 2) }
	require.Equal(t, []string{"1@3936", "1@6323"}, release(f, 1001, swing))

	// The same across the wrap of the clock.
	f = New(4)
	wrap := func(i int) int { return (9995 + 10*(i%2)) % clockCycle }
	require.Equal(t, []string{"1@3936"}, release(f, 501, wrap))

	// A restart leaves J alone: the format forgets the first delays only.
	f.Restarted()
	require.Equal(t, []string{"1@6323"}, release(f, 500, func(i int) int { return wrap(i + 1) }))
}
