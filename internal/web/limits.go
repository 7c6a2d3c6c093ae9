package web

import (
	"cmp"
	"time"
)

// Limits bounds what clients can take of the machine. A zero field stands for its default.
type Limits struct {
	// HeaderBytes is the most that request line and headers may have: 16 KiB by default. Bodies are not taken at all.
	HeaderBytes int

	// HeaderTime is how long a request, and the start of TLS before it, may take to arrive: 5 s by default.
	HeaderTime time.Duration

	// IdleTime is how long a connection is kept for its next request: 60 s by default.
	IdleTime time.Duration

	// WriteTime is how long a client may take to accept one piece of a response, 64 KiB, and how long it may leave
	// unconfirmed what was sent to it, before it is dropped: 15 s by default.
	WriteTime time.Duration

	// Connections is how many may be open: 8,000 by default. One address gets half of them at most, but for this
	// machine and trusted proxies. Further ones are closed as they come.
	Connections int

	// Viewers is how many may watch each channel at a time: 4,000 by default. Further ones are told to come later.
	Viewers int

	// Streams is how many event streams may be open: 2,000 by default. One address gets half of them at most. Further
	// clients are told to ask for the status.
	Streams int

	// Requests is how many requests of viewers may be in work or wait for what is to come: 16,000 by default, which is
	// four of each viewer. One address gets half of them at most. Further ones are told to come later.
	Requests int

	// WrongKeysPerAddress and WrongKeys are how many different wrong keys are read within a minute: 10 of one address
	// and 1,000 in all by default. Then all keys are refused for the rest of it; who has a cookie goes on watching, and
	// so does who came with the same right key from the same address within a minute before.
	WrongKeysPerAddress, WrongKeys int
}

// withDefaults returns the limits with each zero field replaced.
func (l Limits) withDefaults() Limits {
	l.HeaderBytes = cmp.Or(l.HeaderBytes, 16<<10)
	l.HeaderTime = cmp.Or(l.HeaderTime, 5*time.Second)
	l.IdleTime = cmp.Or(l.IdleTime, time.Minute)
	l.WriteTime = cmp.Or(l.WriteTime, 15*time.Second)
	l.Connections = cmp.Or(l.Connections, 8000)
	l.Viewers = cmp.Or(l.Viewers, 4000)
	l.Requests = cmp.Or(l.Requests, 16000)
	l.Streams = cmp.Or(l.Streams, 2000)
	l.WrongKeysPerAddress = cmp.Or(l.WrongKeysPerAddress, 10)
	l.WrongKeys = cmp.Or(l.WrongKeys, 1000)
	return l
}
