package source

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// Errors of capture files.
var (
	// ErrFormat says that a file is neither pcap nor pcapng.
	ErrFormat = errors.New("source: not a capture file (pcap or pcapng)")
	// ErrBroken says that a capture file began well and goes on as nonsense.
	ErrBroken = errors.New("source: the capture file is broken")
	// ErrLinkType says that a capture was taken on a kind of network that is not known here.
	ErrLinkType = errors.New("source: unknown link type")
)

// linkTypeSLL2 is what tcpdump writes of all interfaces together: a header of 20 bytes with the protocol in front. Its
// number is 276, of which gopacket keeps eight bits; 20 stands for nothing else.
const (
	linkTypeSLL2 layers.LinkType = 276 & 0xFF
	sll2Size                     = 20
	ethernetSize                 = 14
)

// File reads the UDP datagrams of a capture file. IPv4 fragments are put together. It is not safe for concurrent use.
type File struct {
	file    *os.File
	size    int64
	counter *countingReader
	packets gopacket.PacketDataSource

	decoder decoder
	parser  *gopacket.DecodingLayerParser
	parser6 *gopacket.DecodingLayerParser // for packets of IPv6 where a capture has both; nil otherwise
	sll2    bool
}

// countingReader counts what is read through it.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// OpenFile opens a capture file, pcap or pcapng. Errors are the system's, ErrFormat or ErrLinkType.
func OpenFile(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f := newFile(file)
	f.file = file
	if info, err := file.Stat(); err == nil {
		f.size = info.Size()
	}
	if err := f.init(); err != nil {
		_ = file.Close() // it was only read
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func newFile(r io.Reader) *File {
	return &File{counter: &countingReader{r: r}}
}

func (f *File) init() error {
	buffered := bufio.NewReaderSize(f.counter, 1<<16)
	magic, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	var link layers.LinkType
	if len(magic) == 4 && binary.LittleEndian.Uint32(magic) == blockSection {
		r, err := newNgReader(buffered)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFormat, err)
		}
		f.packets, link = r, r.LinkType()
	} else {
		r, err := pcapgo.NewReader(buffered)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFormat, err)
		}
		r.SetSnaplen(maxFrame) // many writers do not keep to what they say
		f.packets, link = r, r.LinkType()
	}
	switch link {
	case layers.LinkTypeEthernet, linkTypeSLL2:
		f.sll2 = link == linkTypeSLL2
		f.parser = f.decoder.parser(layers.LayerTypeEthernet)
	case layers.LinkTypeLinuxSLL:
		f.parser = f.decoder.parser(layers.LayerTypeLinuxSLL)
	case layers.LinkTypeRaw:
		f.parser6 = f.decoder.parser(layers.LayerTypeIPv6)
		fallthrough
	case layers.LinkTypeIPv4:
		f.parser = f.decoder.parser(layers.LayerTypeIPv4)
	case layers.LinkTypeIPv6:
		f.parser = f.decoder.parser(layers.LayerTypeIPv6)
	default:
		return fmt.Errorf("%w: %v", ErrLinkType, link)
	}
	return nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Progress returns how many of the file's bytes have been read, and how many there are.
func (f *File) Progress() (read, size int64) { return f.counter.n, f.size }

// Fragments returns how many datagrams may wait for fragments of theirs, how many do, and how many were given up since
// some did not come, or did not fit. It may be called at any time from any goroutine.
func (f *File) Fragments() (limit, now int, lost uint64) { return f.decoder.fragments.state() }

// Next returns the next UDP datagram, and io.EOF after the last. What is no UDP over IP is passed over. A file that
// was cut off in the middle of a packet ends with io.ErrUnexpectedEOF, one that goes on as nonsense with ErrBroken.
func (f *File) Next() (Record, error) {
	for {
		data, info, err := f.packets.ReadPacketData()
		var system *fs.PathError
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &system):
			return Record{}, err
		default:
			return Record{}, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		if r, ok := f.decode(data, info.Timestamp); ok {
			return r, nil
		}
	}
}

// decode finds the UDP datagram in a frame, if there is one and it is whole now.
func (f *File) decode(frame []byte, at time.Time) (Record, bool) {
	if f.sll2 {
		if len(frame) < sll2Size {
			return Record{}, false
		}
		copy(frame[sll2Size-2:sll2Size], frame) // the protocol comes first there, and last in Ethernet
		frame = frame[sll2Size-ethernetSize:]
	}
	parser := f.parser
	if f.parser6 != nil && len(frame) > 0 && frame[0]>>4 == 6 {
		parser = f.parser6
	}
	return f.decoder.decode(parser, frame, at)
}
