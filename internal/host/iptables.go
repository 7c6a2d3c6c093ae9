package host

import (
	"slices"
	"strconv"
	"strings"
)

// parseIPTables reads the filter table of what iptables-save prints, which is also the format of ufw's files.
func parseIPTables(text string) (found chains, policies map[string]effect) {
	found, policies = make(chains), make(map[string]effect)
	table := ""
	for line := range strings.Lines(text) {
		words := splitQuoted(line)
		switch {
		case len(words) == 0 || words[0] == "COMMIT":
		case strings.HasPrefix(words[0], "*"):
			table = words[0]
		case table != "*filter":
		case strings.HasPrefix(words[0], ":") && len(words) > 1:
			name := words[0][1:]
			found[name] = nil
			policies[name] = iptablesEffect(words[1])
		case words[0] == "-A" && len(words) > 2:
			found[words[1]] = append(found[words[1]], parseIPTablesRule(words[2:]))
		}
	}
	return found, policies
}

// iptablesEffect returns what a target of iptables does. One that is none of its own names a chain, or does nothing to
// the packet: such a chain has no rules.
func iptablesEffect(target string) effect {
	switch target {
	case "ACCEPT":
		return accept
	case "DROP", "REJECT":
		return drop
	case "RETURN":
		return back
	case "-":
		return pass
	default:
		return call
	}
}

func parseIPTablesRule(words []string) rule {
	var r rule
	for i := 0; i < len(words); i++ {
		not := words[i] == "!"
		if not {
			i++
		}
		if i+1 >= len(words) { // an option without a value, such as --log-uid
			break
		}
		name, value := words[i], words[i+1]
		if !r.option(name, value, not) {
			continue
		}
		i++
	}
	return r
}

// option takes note of an option of a rule of iptables and tells whether it has a value.
func (r *rule) option(name, value string, not bool) bool {
	switch name {
	case "-j", "-g":
		r.effect, r.target = iptablesEffect(value), value
		if name == "-g" && r.effect == call {
			r.effect = leap
		}
	case "-p":
		r.require(slices.Contains([]string{"udp", "17", "all"}, value) != not)
	case "-i":
		r.require(value != "lo" || not)
		r.narrow(sometimes)
	case "--dport", "--dports", "--destination-port", "--destination-ports":
		r.ports, r.outside = parseSpans(value), not
	case "--ctstate", "--state":
		r.require(strings.Contains(value, "NEW") != not)
	case "-m":
		if !slices.Contains([]string{"udp", "tcp", "multiport", "conntrack", "state", "comment"}, value) {
			r.narrow(sometimes)
		}
	case "--comment", "--reject-with", "--log-prefix", "--log-level":
	default:
		r.narrow(sometimes)
		return !strings.HasPrefix(value, "-") && value != "!"
	}
	return true
}

// parseSpans reads "5078:5081,6000"; what it cannot read it leaves out.
func parseSpans(text string) []span {
	spans := []span{}
	for part := range strings.SplitSeq(text, ",") {
		low, high, ranged := strings.Cut(part, ":")
		if !ranged {
			high = low
		}
		from, err := strconv.Atoi(low)
		if err != nil {
			continue
		}
		to, err := strconv.Atoi(high)
		if err != nil {
			continue
		}
		spans = append(spans, span{from, to})
	}
	return spans
}

// splitQuoted splits a line into words. Double quotes keep spaces together; a comment has no words.
func splitQuoted(line string) []string {
	var words []string
	var word strings.Builder
	quoted, escaped, begun := false, false, false
	for _, c := range strings.TrimSpace(line) {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quoted:
			escaped = true
		case c == '"':
			quoted, begun = !quoted, true
		case c == '#' && !begun && len(words) == 0:
			return nil
		case c == ' ' && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words
}
