package receiver

// list keeps elements in the order in which they were added. Adding and removing take no memory and no search: each
// element embeds the links to its neighbours, so it can be in one list at a time.
type list[T any, P element[T]] struct {
	oldest, newest P
	size           int
}

// element is a pointer to what embeds links.
type element[T any] interface {
	*T
	neighbours() *links[T]
}

// links are an element's neighbours in its list.
type links[T any] struct{ older, newer *T }

func (l *links[T]) neighbours() *links[T] { return l }

// add appends an element that is in no list.
func (l *list[T, P]) add(x P) {
	n := x.neighbours()
	n.older, n.newer = l.newest, nil
	if l.newest == nil {
		l.oldest = x
	} else {
		l.newest.neighbours().newer = x
	}
	l.newest = x
	l.size++
}

// remove takes out an element of this list.
func (l *list[T, P]) remove(x P) {
	n := x.neighbours()
	if n.older == nil {
		l.oldest = n.newer
	} else {
		P(n.older).neighbours().newer = n.newer
	}
	if n.newer == nil {
		l.newest = n.older
	} else {
		P(n.newer).neighbours().older = n.older
	}
	n.older, n.newer = nil, nil
	l.size--
}

// all yields the elements, oldest first. The one that was yielded last may be removed meanwhile.
func (l *list[T, P]) all(yield func(P) bool) {
	for x := l.oldest; x != nil; {
		next := P(x.neighbours().newer)
		if !yield(x) {
			return
		}
		x = next
	}
}
