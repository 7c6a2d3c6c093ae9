package uplink

import "time"

// Status is what is known of a link.
type Status struct {
	Port      int       `json:"port"`
	Interface string    `json:"interface"` // empty where the system chooses
	From      string    `json:"from"`      // the socket's address; empty while the link is down
	To        string    `json:"to"`
	Up        bool      `json:"up"`
	Error     string    `json:"error"` // why it is down
	Sent      uint64    `json:"sent"`  // datagrams
	Bytes     uint64    `json:"bytes"` // without the headers of IP and UDP
	Failed    uint64    `json:"failed"`
	LastError string    `json:"last_error"` // of a datagram
	LastAt    time.Time `json:"last_error_at,omitzero"`
	Heard     uint64    `json:"heard"` // datagrams that came back
	HeardAt   time.Time `json:"heard_at,omitzero"`
}

// Status returns what is known of each link. Any goroutine may call it.
func (u *Uplink) Status() []Status {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := make([]Status, len(u.links))
	for i, l := range u.links {
		all[i] = l.status()
		all[i].Interface = u.interfaces[i]
	}
	return all
}

func (l *link) status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{
		Port: l.port, Error: l.reason, LastError: l.last, LastAt: l.lastAt, HeardAt: l.heardAt,
		Sent: l.sent.Load(), Bytes: l.bytes.Load(), Failed: l.failed.Load(), Heard: l.heard.Load(),
	}
	if socket := l.socket.Load(); socket != nil {
		s.Up, s.Error = true, ""
		s.From, s.To = socket.conn.LocalAddr().String(), socket.to.String()
	}
	return s
}
