package isc

import (
	"encoding/binary"
	"fmt"
	"testing"
)

type chain1 struct{ odd, inv, l0, l1, h uint64 }

func newChain(d uint64) chain1 {
	inv := inverse64(d)
	c1 := carry(d*(inv>>digitBits)<<digitBits, 0)
	u1 := inv * c1
	c2 := carry(d*(u1>>digitBits)<<digitBits, 0)
	return chain1{d, inv, inv & digitMask, u1 & digitMask, inv * c2}
}

// 3-block from array
func (q *chain1) solve(a []uint64, out []byte, in uint64) uint64 {
	odd, inv, l0, l1, h := q.odd, q.inv, q.l0, q.l1, q.h
	for len(a) > 3 && len(out) >= 20 {
		a1, a2 := a[1], a[2]
		x := inv * a[0]
		y := inv * (a1 + uint64(int64(int16(odd*(x>>48)-a1))))
		z := inv * (a2 + uint64(int64(int16(odd*(y>>48)-a2))))
		x = x&digitMask + l0*in
		y = y&digitMask + l1*in + uint64(int64(x)>>48)
		z += h*in + uint64(int64(y)>>48)
		in = uint64(int64(int16(odd*(z>>48) - a[3])))
		binary.BigEndian.PutUint64(out[len(out)-8:], x)
		binary.BigEndian.PutUint64(out[len(out)-14:], y)
		binary.BigEndian.PutUint64(out[len(out)-20:], z)
		a = a[3:]
		out = out[:len(out)-18]
	}
	return in
}


func (q *chain1) solve4(a []uint64, out []byte, in uint64, l2 uint64) uint64 {
	odd, inv, l0, l1, h := q.odd, q.inv, q.l0, q.l1, q.h
	for len(a) > 4 && len(out) >= 26 {
		a1, a2, a3 := a[1], a[2], a[3]
		x := inv * a[0]
		y := inv * (a1 + uint64(int64(int16(odd*(x>>48)-a1))))
		z := inv * (a2 + uint64(int64(int16(odd*(y>>48)-a2))))
		v := inv * (a3 + uint64(int64(int16(odd*(z>>48)-a3))))
		x = x&digitMask + l0*in
		y = y&digitMask + l1*in + uint64(int64(x)>>48)
		z = z&digitMask + l2*in + uint64(int64(y)>>48)
		v += h*in + uint64(int64(z)>>48)
		in = uint64(int64(int16(odd*(v>>48) - a[4])))
		binary.BigEndian.PutUint64(out[len(out)-8:], x)
		binary.BigEndian.PutUint64(out[len(out)-14:], y)
		binary.BigEndian.PutUint64(out[len(out)-20:], z)
		binary.BigEndian.PutUint64(out[len(out)-26:], v)
		a = a[4:]
		out = out[:len(out)-24]
	}
	return in
}

func plain2(a []uint64, p, s, t []byte, f, g uint64) {
	for len(a) >= 1 && len(p) >= 8 && len(s) >= 8 && len(t) >= 8 {
		a[0] = binary.BigEndian.Uint64(p[len(p)-8:]) - f*binary.BigEndian.Uint64(s[len(s)-8:]) - g*binary.BigEndian.Uint64(t[len(t)-8:])
		p, s, t = p[:len(p)-6], s[:len(s)-6], t[:len(t)-6]
		a = a[1:]
	}
}
func plain4(a []uint64, p, s, t []byte, f, g uint64) {
	for len(a) >= 4 && len(p) >= 26 && len(s) >= 26 && len(t) >= 26 {
		a[0] = binary.BigEndian.Uint64(p[len(p)-8:]) - f*binary.BigEndian.Uint64(s[len(s)-8:]) - g*binary.BigEndian.Uint64(t[len(t)-8:])
		a[1] = binary.BigEndian.Uint64(p[len(p)-14:]) - f*binary.BigEndian.Uint64(s[len(s)-14:]) - g*binary.BigEndian.Uint64(t[len(t)-14:])
		a[2] = binary.BigEndian.Uint64(p[len(p)-20:]) - f*binary.BigEndian.Uint64(s[len(s)-20:]) - g*binary.BigEndian.Uint64(t[len(t)-20:])
		a[3] = binary.BigEndian.Uint64(p[len(p)-26:]) - f*binary.BigEndian.Uint64(s[len(s)-26:]) - g*binary.BigEndian.Uint64(t[len(t)-26:])
		p, s, t = p[:len(p)-24], s[:len(s)-24], t[:len(t)-24]
		a = a[4:]
	}
}
func set4(a []uint64, p []byte) {
	for len(a) >= 4 && len(p) >= 26 {
		a[0] = binary.BigEndian.Uint64(p[len(p)-8:])
		a[1] = binary.BigEndian.Uint64(p[len(p)-14:])
		a[2] = binary.BigEndian.Uint64(p[len(p)-20:])
		a[3] = binary.BigEndian.Uint64(p[len(p)-26:])
		p = p[:len(p)-24]
		a = a[4:]
	}
}
func add4(a []uint64, p []byte, f uint64) {
	for len(a) >= 4 && len(p) >= 26 {
		a[0] += f*binary.BigEndian.Uint64(p[len(p)-8:])
		a[1] += f*binary.BigEndian.Uint64(p[len(p)-14:])
		a[2] += f*binary.BigEndian.Uint64(p[len(p)-20:])
		a[3] += f*binary.BigEndian.Uint64(p[len(p)-26:])
		p = p[:len(p)-24]
		a = a[4:]
	}
}

func BenchmarkYY(b *testing.B) {
	c := newChain(5)
	var d Decoder
	n := windows(1200)
	src := make([]byte, 1200)
	src2 := make([]byte, 1200)
	src3 := make([]byte, 1202)
	fmt.Println("chain3", minTime(func() { c.solve(d.right[0][:n], d.result[0][:], 0) }))

	fmt.Println("chain4", minTime(func() { c.solve4(d.right[0][:n], d.result[0][:], 0, 3) }))
	fmt.Println("plain2", minTime(func() { plain2(d.right[0][:n], src3, src, src2, 3, 5) }))
	fmt.Println("plain4", minTime(func() { plain4(d.right[0][:n], src3, src, src2, 3, 5) }))
	fmt.Println("set4", minTime(func() { set4(d.right[0][:n], src3) }))
	fmt.Println("add4", minTime(func() { add4(d.right[0][:n], src3, 3) }))
	fmt.Println("cp", minTime(func() { copy(src2, d.result[0][:]) }))
}
