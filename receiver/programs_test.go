package receiver

import "math/rand/v2"

// What parts of programs are for: where datagrams come from, as fuzzer.push has it, and which of a segment are lost.
const (
	fromRig      = 0
	fromRigs     = 1 * testLinks // all from one address
	fromElse     = 2 * testLinks
	backwards    = 0x80
	nothingLost  = 0
	lostFirst    = 1
	lostLast     = 4 // of three
	lostTwo      = 3
	lostSources  = 7
	brokenParity = 8
)

// do appends an operation.
func (p *program) do(op byte, args ...byte) { *p = append(append(*p, op), args...) }

// segments appends so many segments, a few milliseconds each, with those datagrams lost in turn.
func (p *program) segments(n int, way byte, lost ...byte) {
	for i := range n {
		p.do(opWhole, way, 0, lost[i%len(lost)])
		p.do(opWait, 30)
	}
}

// programs are what FuzzPipeline begins with. Together they reach what a pipeline does.
func programs() []program {
	return []program{
		steadyProgram(), lossProgram(), crowdProgram(), restartProgram(), strangerProgram(), parityProgram(),
		captureProgram(), lateProgram(), randomProgram(),
	}
}

// steadyProgram has a stream without loss go past the end of the numbers, backwards within segments, and repeated.
func steadyProgram() program {
	p := program{0}
	p.do(opGoOn, 0, 0xFF, 0xF5)
	p.segments(6, fromRig, nothingLost)
	p.segments(2, fromRig|backwards, nothingLost)
	for n := range byte(4) {
		p.do(opAgain, fromRig+n, 2*n+1)
	}
	p.do(opWaitLong, 20, 0)
	return p
}

// lossProgram loses what the coding bears, and more.
func lossProgram() program {
	p := program{0}
	p.segments(6, fromRig, nothingLost, lostFirst, lostLast)
	p.segments(3, fromRig, lostTwo, nothingLost, lostSources)
	p.do(opShape, 7, 5, 40, 0, 0)
	p.segments(3, fromRig|backwards, 0x0F, 0x55, 0xC3)
	p.do(opGoOn, 2, 0, 9) // lost before they were coded
	p.segments(2, fromRig, lostFirst)
	p.do(opBudget, 0, 100)
	p.segments(3, fromRig, lostTwo)
	p.do(opFlush)
	p.segments(2, fromRig, nothingLost)
	return p
}

// crowdProgram has a stream with a gap that is waited for while more comes than may be held.
func crowdProgram() program {
	p := program{2}
	p.segments(4, fromRig, nothingLost)
	p.do(opBudget, 0xFF, 0xFF)
	p.do(opWaitLong, 20, 0)
	p.segments(1, fromRig, lostTwo)
	p.segments(30, fromRig, nothingLost)
	p.do(opShape, 3, 4, 0, 0, 1)
	p.segments(1, fromRig, 0x3F)
	p.segments(20, fromRig|backwards, 0x0F)
	return p
}

// restartProgram has the rig restart under another SSRC, elsewhere in its numbers, and after a silence.
func restartProgram() program {
	p := program{0}
	p.segments(3, fromRig, nothingLost)
	p.do(opIdentify, 2)
	p.do(opGoOn, 0, 100, 0)
	p.segments(3, fromRig, nothingLost, lostFirst)
	p.do(opWaitLong, 12, 0)
	p.segments(3, fromRig, nothingLost)
	p.do(opWaitLong, 12, 0)
	p.do(opGoOn, 1, 0x20, 0) // a jump
	p.segments(3, fromRig, nothingLost)
	p.do(opWaitLong, 50, 0)
	p.do(opGoOn, 1, 0xFE, 0xD0) // a step back
	p.segments(3, fromRig, lostLast)
	p.do(opWaitLong, 50, 0)
	p.do(opIdentify, 3)
	for range 10 {
		p.segments(1, fromElse, nothingLost) // from other addresses
		p.do(opIdentify, 2)
		p.do(opWaitLong, 4, 0)
		p.segments(1, fromRig, nothingLost) // the one before is back
		p.do(opIdentify, 3)
	}
	return p
}

// strangerProgram has strangers beside the rig, more than there is room for.
func strangerProgram() program {
	p := program{2}
	p.segments(4, fromRig, nothingLost)
	for n := range byte(8) {
		p.do(opIdentify, n)
		p.do(opGoOn, 0, n*20, n)
		p.do(opWhole, fromElse+n%3/2*fromRigs, 0, 6-n%2*6) // one packet, or two in sequence
		p.do(opIdentify, 1)
		p.do(opGoOn, 0, 0, 12+3*n)
		p.segments(1, fromRig, nothingLost)
	}
	p.do(opWaitLong, 100, 0)
	for n := range byte(8) {
		p.do(opIdentify, n)
		p.segments(1, fromElse, nothingLost)
	}
	p.do(opRaw, fromElse, 4, 1, 2, 3, 4)
	p.do(opCut, fromElse, 3, 0, 30)
	for n := range byte(20) {
		p.do(opChange, fromElse, n, 0, 0, n, n*7)
	}
	return p
}

// parityProgram has parity come first, alone, forged, and made up.
func parityProgram() program {
	p := program{2}
	p.segments(4, fromRig, nothingLost)
	p.do(opShape, 1, 3, 20, 0, 0)
	p.segments(4, fromRig|backwards, nothingLost, lostTwo)
	for n := range byte(20) {
		p.do(opParity, fromElse+n%testLinks, 128, n%9, n%8, 0, n)
	}
	for n := range byte(6) {
		p.do(opFresh)
		p.do(opForge, fromElse, 64-1-n%5, n)
		p.do(opForge, fromRig, 64-1, 0)
		p.segments(1, fromRig|backwards, lostFirst)
	}
	p.do(opShape, 0, 9, 10, 0, 0)
	p.segments(4, fromRig, 1, brokenParity)
	return p
}

// captureProgram has real traffic, of several captures at once, and real pictures under other numbers.
func captureProgram() program {
	p := program{0}
	for n := range byte(4) {
		p.do(opCapture, n, 0, 12, n)
		p.do(opWait, 200)
	}
	p.do(opIdentify, 5)
	p.do(opShape, 4, 2, 0, 0, 1)
	p.segments(12, fromRig, nothingLost, nothingLost, nothingLost, lostFirst, nothingLost, 0x13, 0xFF)
	return p
}

// lateProgram has datagrams be read late, and far too late.
func lateProgram() program {
	p := program{4}
	for n := range byte(5) {
		p.do(opLate, n*60)
		p.segments(3, fromRig+n%2*fromElse, nothingLost, lostFirst, lostTwo)
		p.do(opWaitLong, n, 0)
	}
	return p
}

// spliced returns pieces of programs, with a few bytes of them changed.
func spliced(rng *rand.Rand) program {
	all := programs()
	p := program{byte(rng.IntN(settings))}
	for range 1 + rng.IntN(6) {
		from := all[rng.IntN(len(all))]
		i := rng.IntN(len(from))
		p = append(p, from[i:i+rng.IntN(len(from)-i)]...)
	}
	for range rng.IntN(12) {
		p[rng.IntN(len(p))] = byte(rng.Uint32())
	}
	return p
}

// randomProgram has anything.
func randomProgram() program {
	rng := rand.New(rand.NewPCG(1, 9))
	p := make(program, 200)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	return p
}
