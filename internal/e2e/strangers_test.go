package e2e

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// stalledReaders ask for video without end and read none of it.
type stalledReaders struct {
	connections []*h2
	refused     int
}

// stall lets readers come who stall, a few at a time.
func stall(ctx context.Context, address, key string, n int) (s stalledReaders) {
	var mu sync.Mutex
	var all sync.WaitGroup
	places := make(chan struct{}, 16)
	for i := range n {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			c, err := stallOne(ctx, address, key, fmt.Sprintf("127.0.9.%d", 1+i%200))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				s.refused++
				return
			}
			s.connections = append(s.connections, c)
		})
	}
	all.Wait()
	return s
}

func stallOne(ctx context.Context, address, key, from string) (*h2, error) {
	c, err := dialH2(ctx, address, from)
	if err != nil {
		return nil, err
	}
	err = errors.Join(c.signIn(key), c.ask(eventsPath))
	for range 20 {
		err = errors.Join(err, c.ask("/"), c.ask("/api/v1/status"))
	}
	return c, err
}

// dropped returns how many of the connections the server has ended. It ends them all.
func (s *stalledReaders) dropped() (n int) {
	for _, c := range s.connections {
		raw := c.conn.NetConn()
		_ = raw.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		buffer := make([]byte, 1<<16)
		var err error
		for err == nil {
			_, err = raw.Read(buffer)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			n++
		}
		_ = raw.Close()
	}
	return n
}

// hello is the beginning of a TLS handshake that does not go on: a record that says it has 512 bytes.
var hello, _ = hex.DecodeString("1603010200010001fc0303")

// halfOpen are connections that say nothing, or begin a handshake and stop. Where the server ends one, the next comes.
type halfOpen struct {
	open, ended atomic.Int64
	all         sync.WaitGroup
}

func (h *halfOpen) come(ctx context.Context, address string, n int) {
	for i := range n {
		h.all.Go(func() {
			dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 10, byte(1+i%200))}}
			for ctx.Err() == nil {
				h.one(ctx, dialer, address, i%2 == 0)
			}
		})
	}
}

// one connects, and stays until one of both ends it.
func (h *halfOpen) one(ctx context.Context, dialer net.Dialer, address string, silent bool) {
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	h.open.Add(1)
	defer h.open.Add(-1)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if !silent {
		_, _ = conn.Write(hello) // it may be over
	}
	_, _ = conn.Read(make([]byte, 1))
	_ = conn.Close()
	h.ended.Add(1)
}
