package host

// outcome says what a packet filter does to new UDP packets for a port. The worse, the larger.
type outcome int

const (
	open   outcome = iota
	partly         // it depends on more than the port, or on something that is not understood here
	closed
)

// effect is what a rule does with a packet that it matches.
type effect int

const (
	pass   effect = iota // nothing
	accept               // it is let in
	drop                 // it is thrown away, with or without an answer
	call                 // the rules of another chain follow, then those after this one
	leap                 // the rules of another chain follow, and none of this one
	back                 // the chain ends
)

// scope says for which of the UDP packets to a rule's ports the rule is.
type scope int

const (
	always scope = iota
	sometimes
	never
)

// span is a range of ports, both ends included.
type span struct{ from, to int }

// rule is one rule of a packet filter, as far as it concerns the first datagram of a rig to a port.
type rule struct {
	effect  effect
	target  string // the chain, of call and leap
	scope   scope
	ports   []span // nil: all
	outside bool   // the rule is for all but these ports
}

// chains are a table's chains by name.
type chains map[string][]rule

// narrow makes the rule's scope s, unless it is narrower already.
func (r *rule) narrow(s scope) { r.scope = max(r.scope, s) }

// require narrows the rule to nothing where a condition does not hold.
func (r *rule) require(holds bool) {
	if !holds {
		r.narrow(never)
	}
}

func (r *rule) matches(port int) scope {
	if r.ports == nil {
		return r.scope
	}
	inside := false
	for _, s := range r.ports {
		inside = inside || s.from <= port && port <= s.to
	}
	if inside == r.outside {
		return never
	}
	return r.scope
}

// maxSteps bounds the rules that are looked at for one port: chains may call each other without end.
const maxSteps = 100_000

// walk follows a packet to a port through chains.
type walk struct {
	chains chains
	port   int
	steps  int
	maybe  map[effect]bool // what rules do that match sometimes
}

// judge says what becomes of new UDP packets for a port in a chain that ends with policy.
func (c chains) judge(start string, policy effect, port int) outcome {
	w := walk{chains: c, port: port, maybe: make(map[effect]bool)}
	end := w.run(start, true)
	if end == pass {
		end = policy
	}
	switch {
	case w.steps > maxSteps:
		return partly
	case end == accept && w.maybe[drop], end == drop && w.maybe[accept]:
		return partly
	case end == drop:
		return closed
	default:
		return open
	}
}

// run returns accept or drop where the rules of a chain surely decide, else pass. sure tells whether the packet surely
// comes to the chain.
func (w *walk) run(name string, sure bool) effect {
	for i := range w.chains[name] {
		r := &w.chains[name][i]
		if w.steps++; w.steps > maxSteps {
			return pass
		}
		scope := r.matches(w.port)
		if scope == never {
			continue
		}
		if end := w.follow(r, sure && scope == always); end != pass {
			return end
		}
		if scope == always && r.effect != call && r.effect != pass {
			return pass
		}
	}
	return pass
}

// follow does what a rule says that matches, surely or not.
func (w *walk) follow(r *rule, sure bool) effect {
	switch r.effect {
	case accept, drop:
		if sure {
			return r.effect
		}
		w.maybe[r.effect] = true
	case call, leap:
		return w.run(r.target, sure)
	case back, pass:
	}
	return pass
}
