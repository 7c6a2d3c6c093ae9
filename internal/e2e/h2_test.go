package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	h2Window   = 16 << 20 // bytes that may come unasked
	h2Patience = 30 * time.Second
)

// h2 is the client's end of a connection of HTTP/2 over TLS, for one goroutine. It costs the machine a fraction of what
// net/http's does, so that a thousand of them leave it room for the server.
type h2 struct {
	host    string
	conn    *tls.Conn
	framer  *http2.Framer
	header  bytes.Buffer
	encoder *hpack.Encoder
	cookie  string
	next    uint32 // stream
	taken   int    // bytes that the server does not know yet to be taken
	answers map[uint32]*answer
}

// answer is what comes on one stream.
type answer struct {
	path   string
	status int
	fields []hpack.HeaderField
	body   bytes.Buffer // but for events and video
	size   int          // of the body
}

func (a *answer) field(name string) string {
	for _, f := range a.fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// dialH2 connects to an address from another one of this machine.
func dialH2(ctx context.Context, address, from string) (*h2, error) {
	dialer := tls.Dialer{
		NetDialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: h2Patience},
		Config:    &tls.Config{InsecureSkipVerify: true, NextProtos: []string{http2.NextProtoTLS}}, //nolint:gosec // a test
	}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &h2{host: address, conn: conn.(*tls.Conn), next: 1, answers: make(map[uint32]*answer)}
	if got := c.conn.ConnectionState().NegotiatedProtocol; got != http2.NextProtoTLS {
		return nil, errors.Join(fmt.Errorf("the server speaks %q", got), conn.Close())
	}
	c.framer = http2.NewFramer(conn, conn)
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.framer.SetReuseFrames()
	c.encoder = hpack.NewEncoder(&c.header)
	_, err = conn.Write([]byte(http2.ClientPreface))
	return c, errors.Join(err,
		c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: h2Window}),
		c.framer.WriteWindowUpdate(0, h2Window))
}

// ask sends a request, whose answer comes from take.
func (c *h2) ask(path string) error {
	c.header.Reset()
	for _, f := range []hpack.HeaderField{
		{Name: ":method", Value: "GET"},
		{Name: ":scheme", Value: "https"},
		{Name: ":authority", Value: c.host},
		{Name: ":path", Value: path},
		{Name: "user-agent", Value: "viewer"},
		{Name: "cookie", Value: c.cookie},
	} {
		if err := c.encoder.WriteField(f); err != nil {
			return err
		}
	}
	c.answers[c.next] = &answer{path: path}
	err := c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: c.next, BlockFragment: c.header.Bytes(), EndStream: true, EndHeaders: true,
	})
	c.next += 2
	return err
}

// take reads until an answer is whole, and returns it.
func (c *h2) take() (*answer, error) {
	for {
		if err := c.conn.SetReadDeadline(time.Now().Add(h2Patience)); err != nil {
			return nil, err
		}
		frame, err := c.framer.ReadFrame()
		if err != nil {
			return nil, err
		}
		whole, err := c.handle(frame)
		if whole != nil || err != nil {
			return whole, err
		}
	}
}

// handle does what a frame asks for. It returns the answer that ends with it, if one does.
func (c *h2) handle(frame http2.Frame) (whole *answer, err error) {
	stream := frame.Header().StreamID
	a := c.answers[stream]
	ended := false
	switch f := frame.(type) {
	case *http2.MetaHeadersFrame:
		if a != nil {
			a.status, err = strconv.Atoi(f.PseudoValue("status"))
			a.fields = f.RegularFields()
		}
		ended = f.StreamEnded()
	case *http2.DataFrame:
		if a != nil {
			a.size += len(f.Data())
			if a.path != eventsPath && !strings.HasSuffix(a.path, ".mp4") {
				a.body.Write(f.Data())
			}
		}
		ended = f.StreamEnded()
		if c.taken += int(f.Length); c.taken > h2Window/16 {
			err = c.framer.WriteWindowUpdate(0, uint32(c.taken))
			c.taken = 0
		}
	case *http2.SettingsFrame:
		if !f.IsAck() {
			err = c.framer.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			err = c.framer.WritePing(true, f.Data)
		}
	case *http2.RSTStreamFrame:
		err = fmt.Errorf("stream ended: %v", f.ErrCode)
	case *http2.GoAwayFrame:
		err = fmt.Errorf("connection ended: %v", f.ErrCode)
	}
	if ended && err == nil {
		delete(c.answers, stream)
		return a, nil
	}
	return nil, err
}

// get asks for one thing and waits for it, whatever else is on the way.
func (c *h2) get(path string) (*answer, error) {
	if err := c.ask(path); err != nil {
		return nil, err
	}
	for {
		a, err := c.take()
		if err != nil || a.path == path {
			return a, err
		}
	}
}

// signIn exchanges a key for a cookie.
func (c *h2) signIn(key string) error {
	a, err := c.get("/?key=" + key)
	if err != nil {
		return err
	}
	cookie, _, found := bytes.Cut([]byte(a.field("set-cookie")), []byte(";"))
	if !found {
		return fmt.Errorf("no cookie for the key, but status %d: %s", a.status, &a.body)
	}
	c.cookie = string(cookie)
	return nil
}

func (c *h2) close() error { return c.conn.Close() }
