package rig

import (
	"context"
	_ "embed" // for the clip
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
)

//go:embed demo.h264
var demoClip []byte

// DemoConfig says where a demonstration sends.
type DemoConfig struct {
	To   []netip.AddrPort // the receiver's sockets, one per link in order; at least one
	Seed uint64           // the same seed has the same packets lost
	Log  *slog.Logger     // gets the outages; must not be nil

	// OnFeedback, where not nil, gets what the receiver says on each link. It is called from one goroutine per link.
	OnFeedback func(link int, feedback Feedback)
}

// RunDemo simulates a rig until ctx ends: it sends a short clip in an endless loop, coded 5+3, as real UDP datagrams
// from one socket per link. Each link delays its packets and loses a few; where the coding can bear it, one after the
// other dies for some seconds. Feedback is read and changes nothing. RunDemo returns nil once ctx has ended, or why it
// could not go on, after all that it started has ended.
func RunDemo(ctx context.Context, config DemoConfig) error {
	var outs []io.Writer
	var sockets []*net.UDPConn
	var readers sync.WaitGroup
	defer readers.Wait()
	defer func() { // this ends the readers
		for _, socket := range sockets {
			_ = socket.Close()
		}
	}()
	for link, to := range config.To {
		socket, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
		if err != nil {
			return fmt.Errorf("rig: link %d: %w", link, err)
		}
		sockets = append(sockets, socket)
		outs = append(outs, socket)
	}
	s, err := newDemoStream(outs, config.Seed, config.Log)
	if err != nil {
		return err
	}
	for link, socket := range sockets {
		readers.Go(func() { readFeedback(socket, link, config) })
	}
	return s.run(ctx)
}

// readFeedback reads what the receiver sends to a link's socket, until that is closed.
func readFeedback(socket *net.UDPConn, link int, config DemoConfig) {
	buffer := make([]byte, maxFeedbackSize+1)
	for {
		n, err := socket.Read(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // such as the kernel's report that nobody listened when a datagram came
			continue
		}
		feedback, err := ParseFeedback(buffer[:n])
		if err != nil {
			config.Log.Warn("demo: bad feedback", "link", link, "error", err)
			continue
		}
		if config.OnFeedback != nil {
			config.OnFeedback(link, feedback)
		}
	}
}
