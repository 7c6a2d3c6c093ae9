package rig

import (
	"math"
	"slices"

	"github.com/isc-receiver/isc-receiver/internal/rig/plan"
)

// splitter chooses the links of each segment's datagrams. Paths and links take turns in proportion to their weights,
// with what one is ahead or behind carried on from segment to segment, but no path carries more of a segment than its
// parity makes up for, where that is possible. It is not safe for concurrent use.
type splitter struct {
	paths []path
	turn  int // the path that the next segment begins with, other things being equal
}

// path is the links in use that fail together.
type path struct {
	turns
	links []link
	count int // datagrams of the present segment
}

type link struct {
	turns
	index int
}

// turns is whose turn it is: each datagram adds weight to all and takes 1 from the one that it goes to.
type turns struct {
	weight float64
	credit float64
}

// maxCredit bounds what one that may not carry its part in one segment is allowed to make up for later.
const maxCredit = 2

// newSplitter returns a splitter for the links of a plan. Those without weight carry nothing.
func newSplitter(links []plan.Link) *splitter {
	s := new(splitter)
	index := map[int]int{}
	for i, l := range links {
		if l.Weight <= 0 {
			continue
		}
		n, known := index[l.Path]
		if !known {
			n = len(s.paths)
			index[l.Path] = n
			s.paths = append(s.paths, path{})
		}
		p := &s.paths[n]
		p.weight += l.Weight
		p.links = append(p.links, link{index: i, turns: turns{weight: l.Weight}})
	}
	for i := range s.paths {
		p := &s.paths[i]
		for j := range p.links {
			p.links[j].weight /= p.weight
		}
	}
	return s
}

// split appends to dst the link of each of the n datagrams of a segment with r parity packets. It appends nothing where
// no link is in use.
func (s *splitter) split(dst []int, n, r int) []int {
	if len(s.paths) == 0 {
		return dst
	}
	most := n
	if n <= r*len(s.paths) {
		most = r
	}
	for i := range s.paths {
		s.paths[i].count = 0
	}
	for range n {
		p := s.nextPath(most)
		p.count++
		dst = append(dst, p.next())
	}
	s.turn = (s.turn + 1) % len(s.paths)
	return dst
}

// nextPath returns the path of the next datagram, of those that carry fewer than that many.
func (s *splitter) nextPath(most int) *path {
	var best *path
	for i := range s.paths {
		s.paths[i].earn()
	}
	for i := range s.paths {
		p := &s.paths[(s.turn+i)%len(s.paths)]
		if p.count < most && (best == nil || p.before(best.turns)) {
			best = p
		}
	}
	best.credit--
	return best
}

// next returns the link of the path's next datagram.
func (p *path) next() int {
	best := &p.links[0]
	for i := range p.links {
		l := &p.links[i]
		l.earn()
		if l.before(best.turns) {
			best = l
		}
	}
	best.credit--
	return best.index
}

func (t *turns) earn() {
	t.credit = min(max(t.credit+t.weight, -maxCredit), maxCredit)
}

// before tells whether t's turn comes before that of other; sums that differ by how they were rounded are equal.
func (t turns) before(other turns) bool { return t.credit > other.credit+1e-9 }

// evenly returns links of equal weight, each a path of its own.
func evenly(n int) []plan.Link {
	links := slices.Repeat([]plan.Link{{Weight: 1 / math.Max(1, float64(n))}}, n)
	for i := range links {
		links[i].Path = i
	}
	return links
}
