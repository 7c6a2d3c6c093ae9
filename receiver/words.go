package receiver

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/isc-receiver/isc-receiver/internal/words"
	"github.com/isc-receiver/isc-receiver/receiver/isc"
)

// malformedWords says why a datagram is malformed to somebody who does not know the format by heart.
var malformedWords = map[error]string{
	isc.ErrShort:      "it is shorter than the header of coded packets",
	isc.ErrSources:    "read as a coded packet, its segment is empty",
	isc.ErrLength:     "read as a coded packet, its lengths are impossible",
	isc.ErrRedundancy: "read as a coded packet, it has more parity than there can be",
	isc.ErrNumber:     "read as a coded packet, its number is impossible",
	isc.ErrPayload:    "its length is not the one that its header says",
	isc.ErrVersion:    "what it carries is no RTP packet",
	errTooLong:        "it is longer than any coded packet",
	errSequence:       "its sequence number does not fit its segment",
}

// lasting writes how long something has lasted.
func lasting(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than 1 s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
}

// ago writes when something was.
func ago(d time.Duration) string {
	if d < time.Second {
		return "just now"
	}
	return lasting(d) + " ago"
}

// prefixes writes networks and addresses, the first few of them.
func prefixes(of []netip.Prefix) string {
	const most = 4
	var names []string
	for i, prefix := range of {
		if i == most && len(of) > most+1 {
			names = append(names, words.Count(len(of)-most, "more network"))
			break
		}
		if prefix.IsSingleIP() {
			names = append(names, prefix.Addr().String())
		} else {
			names = append(names, prefix.String())
		}
	}
	return words.List(names)
}
