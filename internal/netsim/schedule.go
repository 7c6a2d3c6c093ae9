package netsim

import (
	"container/heap"
	"time"
)

// Schedule gives values back in the order of the times that they are for; those for the same time in the order in which
// they were added. The zero value is an empty one. It is not safe for concurrent use.
type Schedule[T any] struct {
	heap  entries[T]
	added uint64
}

// Add adds a value for a time, and tells whether that is now the first one.
func (s *Schedule[T]) Add(at time.Time, value T) (first bool) {
	s.added++
	heap.Push(&s.heap, entry[T]{at: at, order: s.added, value: value})
	return s.heap[0].order == s.added
}

// Len returns how many values there are.
func (s *Schedule[T]) Len() int { return len(s.heap) }

// Next returns the time of the first value; false where there is none.
func (s *Schedule[T]) Next() (time.Time, bool) {
	if len(s.heap) == 0 {
		return time.Time{}, false
	}
	return s.heap[0].at, true
}

// Take takes the first value out. There must be one.
func (s *Schedule[T]) Take() T {
	return heap.Pop(&s.heap).(entry[T]).value
}

type entry[T any] struct {
	at    time.Time
	order uint64
	value T
}

// entries is a heap (container/heap) with the first one on top.
type entries[T any] []entry[T]

func (e entries[T]) Len() int { return len(e) }

func (e entries[T]) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].order < e[j].order
}

func (e entries[T]) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

func (e *entries[T]) Push(x any) { *e = append(*e, x.(entry[T])) }

func (e *entries[T]) Pop() any {
	old := *e
	last := old[len(old)-1]
	old[len(old)-1] = entry[T]{}
	*e = old[:len(old)-1]
	return last
}
