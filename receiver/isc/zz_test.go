package isc

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

func minTime(f func()) float64 {
	best := time.Hour
	for range 3000 {
		t := time.Now()
		for range 32 {
			f()
		}
		best = min(best, time.Since(t))
	}
	return float64(best.Nanoseconds()) / 32
}

func BenchmarkZZ(b *testing.B) {
	for _, size := range []int{500, 1200} {
		for _, s := range shapes {
			ours := recoverOnce(b, s.k, s.r, s.lost, size)
			theirs := reconstructOnce(b, s.k, s.r, s.lost, size)
			o, t := minTime(ours), minTime(theirs)
			fmt.Printf("%v %d ours %.0f theirs %.0f ratio %.2f\n", s, size, o, t, t/o)
		}
	}
	src := randomSources(rand.New(rand.NewPCG(1, 2)), 8, 1200, 0)
	var d Decoder
	n := windows(1200)
	fmt.Println("set", minTime(func() { setWindows(d.right[0][:n], src[0]) }))
	fmt.Println("add", minTime(func() { add(d.right[0][:n], src[0], 3) }))
	fmt.Println("add2", minTime(func() { add2(d.right[0][:n], src[0], src[1], 3, 5) }))
	fmt.Println("minor1", minTime(func() { d.minor.set(1, 1) }))
	fmt.Println("solve1", minTime(func() { d.minor.solve1(d.right[0][:n], d.result[0][:]) }))
	fmt.Println("minor2", minTime(func() { d.minor.set(3, 3) }))
	fmt.Println("solve2", minTime(func() { d.minor.solve2(d.right[0][:n], d.right[1][:n], d.result[0][:], d.result[1][:]) }))
	fmt.Println("minor3", minTime(func() { d.minor.set(7, 7) }))
	fmt.Println("solve3", minTime(func() {
		d.minor.solve3(d.right[0][:n], d.right[1][:n], d.right[2][:n], d.result[0][:], d.result[1][:], d.result[2][:])
	}))
	x := uint64(3)
	fmt.Println("imul1000", minTime(func() {
		y := x
		for range 1000 {
			y *= x
		}
		x = y
	}))
}
