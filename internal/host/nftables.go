package host

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// baseChain is a chain that packets for this machine come to first.
type baseChain struct {
	family, table, name string
	policy              effect
	chains              chains // of its table
}

type nftKey struct{ family, table string }

// nftChain, nftRule and nftSet are what libnftables-json(5) calls so, as far as it matters here.
type nftChain struct {
	Family, Table, Name, Type, Hook, Policy string
}

type nftRule struct {
	Family, Table, Chain string
	Expr                 []map[string]json.RawMessage
}

const maxPort = 1<<16 - 1

// nftKeyed is what a rule looks at in a packet.
type nftKeyed struct {
	Meta, CT *struct{ Key string }
	Payload  *struct{ Protocol, Field string }
}

// key returns what nft's own language calls it, or nothing where it is something else.
func (k nftKeyed) key() string {
	switch {
	case k.Meta != nil:
		return "meta " + k.Meta.Key
	case k.CT != nil:
		return "ct " + k.CT.Key
	case k.Payload != nil:
		return k.Payload.Protocol + " " + k.Payload.Field
	default:
		return ""
	}
}

func (k nftKeyed) protocol() string {
	if k.Payload == nil {
		return ""
	}
	return k.Payload.Protocol
}

type nftSet struct {
	Family, Table, Name string
	Elem                json.RawMessage
}

type nftables struct {
	Nftables []struct {
		Chain *nftChain
		Rule  *nftRule
		Set   *nftSet
	}
}

// parseNFTables reads what `nft -j list ruleset` prints, and returns the chains of the input hook for IPv4. Tables with
// matches of iptables are left out: their ports are not in it, and iptables-save tells of them.
func parseNFTables(text []byte) ([]baseChain, error) {
	var list nftables
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("host: nftables: %w", err)
	}
	tables, foreign := list.rules()
	var bases []baseChain
	for _, item := range list.Nftables {
		c := item.Chain
		if c == nil || c.Hook != "input" || c.Type != "filter" || c.Family != "inet" && c.Family != "ip" {
			continue
		}
		key := nftKey{c.Family, c.Table}
		if foreign[key] {
			continue
		}
		policy := accept
		if c.Policy == "drop" {
			policy = drop
		}
		bases = append(bases, baseChain{c.Family, c.Table, c.Name, policy, tables[key]})
	}
	return bases, nil
}

// rules returns the rules of each table, and which tables are of iptables.
func (n *nftables) rules() (tables map[nftKey]chains, foreign map[nftKey]bool) {
	tables, foreign = make(map[nftKey]chains), make(map[nftKey]bool)
	sets := make(map[nftKey]map[string]json.RawMessage)
	for _, item := range n.Nftables {
		if s := item.Set; s != nil {
			key := nftKey{s.Family, s.Table}
			if sets[key] == nil {
				sets[key] = make(map[string]json.RawMessage)
			}
			sets[key]["@"+s.Name] = s.Elem
		}
	}
	for _, item := range n.Nftables {
		r := item.Rule
		if r == nil {
			continue
		}
		key := nftKey{r.Family, r.Table}
		if tables[key] == nil {
			tables[key] = make(chains)
		}
		rules, ours := parseNFTRule(r.Expr, sets[key])
		tables[key][r.Chain] = append(tables[key][r.Chain], rules...)
		foreign[key] = foreign[key] || !ours
	}
	return tables, foreign
}

// parseNFTRule returns a rule, and one for each verdict of a verdict map in it. ours is false for a rule of iptables.
func parseNFTRule(expressions []map[string]json.RawMessage, sets map[string]json.RawMessage) (rules []rule, ours bool) {
	var r rule
	var more []rule
	for _, expression := range expressions {
		for kind, value := range expression {
			switch kind {
			case "xt":
				return nil, false
			case "match":
				r.match(value, sets)
			case "vmap":
				more = append(more, parseVerdictMap(value)...)
			case "counter", "log", "comment", "notrack":
			case "accept", "drop", "reject", "return", "jump", "goto":
				r.effect, r.target = parseVerdict(kind, value)
			default: // limit, queue, mangle and others: what they do is not known here
				r.narrow(sometimes)
			}
		}
	}
	for i := range more {
		more[i].narrow(r.scope)
		if r.ports != nil && more[i].ports == nil {
			more[i].ports, more[i].outside = r.ports, r.outside
		}
	}
	return append(more, r), true
}

func parseVerdict(kind string, value json.RawMessage) (effect, string) {
	var to struct{ Target string }
	switch kind {
	case "accept":
		return accept, ""
	case "drop", "reject":
		return drop, ""
	case "return":
		return back, ""
	case "jump", "goto":
		if json.Unmarshal(value, &to) != nil {
			return pass, ""
		}
		if kind == "goto" {
			return leap, to.Target
		}
		return call, to.Target
	default:
		return pass, ""
	}
}

// parseVerdictMap returns a rule for each verdict of a map, each of which is for some packets only. A map by connection
// state has nothing for the first packet of a sender.
func parseVerdictMap(value json.RawMessage) []rule {
	var verdicts struct {
		Key  nftKeyed
		Data struct{ Set [][]json.RawMessage }
	}
	unknown := []rule{{effect: accept, scope: sometimes}, {effect: drop, scope: sometimes}}
	if json.Unmarshal(value, &verdicts) != nil || verdicts.Data.Set == nil {
		return unknown // such as a map that has a name
	}
	var rules []rule
	for _, entry := range verdicts.Data.Set {
		var verdict map[string]json.RawMessage
		if len(entry) != 2 || json.Unmarshal(entry[1], &verdict) != nil {
			return unknown
		}
		r := rule{scope: sometimes}
		key := verdicts.Key.key()
		if key == "ct state" && !slices.Contains(words(entry[0]), "new") {
			continue
		}
		if spans, ok := parseJSONSpans(entry[0], nil); ok && key == "udp dport" {
			r.scope, r.ports = always, spans
		}
		for kind, to := range verdict {
			r.effect, r.target = parseVerdict(kind, to)
			rules = append(rules, r)
		}
	}
	return rules
}

// match narrows the rule to what a match expression lets through.
func (r *rule) match(value json.RawMessage, sets map[string]json.RawMessage) {
	var m struct {
		Op    string
		Left  nftKeyed
		Right json.RawMessage
	}
	if json.Unmarshal(value, &m) != nil {
		r.narrow(sometimes)
		return
	}
	not, key := m.Op == "!=", m.Left.key()
	if key == "udp dport" || key == "th dport" {
		var ok bool
		r.outside = not
		if r.ports, ok = parseComparison(m.Op, m.Right, sets); !ok {
			r.narrow(sometimes)
		}
		return
	}
	if slices.Contains([]string{"tcp", "sctp", "icmp", "icmpv6", "ip6"}, m.Left.protocol()) {
		r.narrow(never)
		return
	}
	if !not && m.Op != "==" && m.Op != "in" {
		r.narrow(sometimes)
		return
	}
	r.matchWords(key, not, words(m.Right))
}

// matchWords narrows the rule to packets of which what key names is one of the words, or not one of them.
func (r *rule) matchWords(key string, not bool, words []string) {
	has := func(word string) bool { return slices.Contains(words, word) }
	switch key {
	case "ct state":
		r.require(has("new") != not)
	case "ct status": // whether addresses were rewritten on the way
		r.require(not)
	case "meta l4proto", "ip protocol":
		r.require(has("udp") != not)
	case "meta nfproto":
		r.require(has("ipv4") != not)
	case "meta iif", "meta iifname":
		if has("lo") {
			r.require(not)
			return
		}
		r.narrow(sometimes)
	default:
		r.narrow(sometimes)
	}
}

// words returns the words of "a", ["a", "b"] and {"set": ["a", "b"]}.
func words(value json.RawMessage) []string {
	var one string
	if json.Unmarshal(value, &one) == nil {
		return []string{one}
	}
	var set struct{ Set json.RawMessage }
	if json.Unmarshal(value, &set) == nil && set.Set != nil {
		value = set.Set
	}
	var items []json.RawMessage
	if json.Unmarshal(value, &items) != nil {
		return nil
	}
	var all []string
	for _, item := range items {
		if json.Unmarshal(item, &one) == nil {
			all = append(all, one)
		}
	}
	return all
}

// parseComparison returns the ports that an operator and its right side stand for; of "!=" those that are not meant.
func parseComparison(operator string, right json.RawMessage, sets map[string]json.RawMessage) ([]span, bool) {
	var port int
	switch operator {
	case "==", "!=", "in":
		return parseJSONSpans(right, sets)
	}
	if json.Unmarshal(right, &port) != nil {
		return nil, false
	}
	switch operator {
	case "<":
		return []span{{0, port - 1}}, true
	case "<=":
		return []span{{0, port}}, true
	case ">":
		return []span{{port + 1, maxPort}}, true
	case ">=":
		return []span{{port, maxPort}}, true
	default:
		return nil, false
	}
}

// parseJSONSpans reads 5078, {"range": [5078, 5081]}, {"set": [...]} of these, and "@name" of a set of them.
func parseJSONSpans(value json.RawMessage, sets map[string]json.RawMessage) (spans []span, ok bool) {
	var port int
	if json.Unmarshal(value, &port) == nil {
		return []span{{port, port}}, true
	}
	var name string
	if json.Unmarshal(value, &name) == nil {
		if sets[name] == nil {
			return []span{}, strings.HasPrefix(name, "@") // an empty set
		}
		return parseJSONSpans(sets[name], nil)
	}
	var object struct {
		Range []int
		Set   json.RawMessage
		Elem  struct{ Val json.RawMessage }
	}
	var items []json.RawMessage
	if json.Unmarshal(value, &object) == nil {
		switch {
		case len(object.Range) == 2:
			return []span{{object.Range[0], object.Range[1]}}, true
		case object.Set != nil:
			return parseJSONSpans(object.Set, sets)
		case object.Elem.Val != nil:
			return parseJSONSpans(object.Elem.Val, nil)
		}
		return nil, false
	}
	if json.Unmarshal(value, &items) != nil {
		return nil, false
	}
	spans = []span{}
	for _, item := range items {
		more, ok := parseJSONSpans(item, nil)
		if !ok {
			return nil, false
		}
		spans = append(spans, more...)
	}
	return spans, true
}
