package source

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/ip4defrag"
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

// fragmentTime is how long fragments of an IPv4 datagram are waited for (RFC 791, section 3.2, suggests 15 s).
const fragmentTime = 15 * time.Second

// minFragment is the smallest fragment that gopacket's defragmenter takes, in bytes.
const minFragment = 8

// linkTypeSLL2 is what tcpdump writes of all interfaces together: a header of 20 bytes with the protocol in front. Its
// number is 276, of which gopacket keeps eight bits; 20 stands for nothing else.
const (
	linkTypeSLL2 layers.LinkType = 276 & 0xFF
	sll2Size                     = 20
	ethernetSize                 = 14
	udpSize                      = 8
)

// Record is one UDP datagram of a capture.
type Record struct {
	Time     time.Time
	From, To netip.AddrPort
	Payload  []byte // valid until the next record is read
	Length   int    // that the UDP header states: more than Payload has where the capture was cut short
}

// File reads the UDP datagrams of a capture file. IPv4 fragments are put together. It is not safe for concurrent use.
type File struct {
	file    *os.File
	size    int64
	counter *countingReader
	packets gopacket.PacketDataSource

	parser  *gopacket.DecodingLayerParser
	decoded []gopacket.LayerType
	eth     layers.Ethernet
	sll     layers.LinuxSLL
	sll2    bool
	vlan    layers.Dot1Q
	ip4     layers.IPv4
	ip6     layers.IPv6
	udp     layers.UDP
	frags   *ip4defrag.IPv4Defragmenter
	cleared time.Time
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
	return &File{counter: &countingReader{r: r}, frags: ip4defrag.NewIPv4Defragmenter()}
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
	var first gopacket.LayerType
	switch link {
	case layers.LinkTypeEthernet, linkTypeSLL2:
		f.sll2 = link == linkTypeSLL2
		first = layers.LayerTypeEthernet
	case layers.LinkTypeLinuxSLL:
		first = layers.LayerTypeLinuxSLL
	case layers.LinkTypeRaw, layers.LinkTypeIPv4:
		first = layers.LayerTypeIPv4
	case layers.LinkTypeIPv6:
		first = layers.LayerTypeIPv6
	default:
		return fmt.Errorf("%w: %v", ErrLinkType, link)
	}
	f.parser = gopacket.NewDecodingLayerParser(first, &f.eth, &f.sll, &f.vlan, &f.ip4, &f.ip6, &f.udp)
	f.parser.IgnoreUnsupported = true
	return nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Progress returns how many of the file's bytes have been read, and how many there are.
func (f *File) Progress() (read, size int64) { return f.counter.n, f.size }

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
	if err := f.parser.DecodeLayers(frame, &f.decoded); err != nil {
		return Record{}, false // a broken packet is no datagram
	}
	r := Record{Time: at}
	var from, to []byte
	for _, layer := range f.decoded {
		switch layer {
		case layers.LayerTypeIPv4:
			from, to = f.ip4.SrcIP, f.ip4.DstIP
			if f.ip4.Flags&layers.IPv4MoreFragments != 0 || f.ip4.FragOffset != 0 {
				whole := f.defragment(at)
				if whole == nil || f.udp.DecodeFromBytes(whole.Payload, gopacket.NilDecodeFeedback) != nil {
					return Record{}, false
				}
				return f.record(r, from, to)
			}
		case layers.LayerTypeIPv6:
			from, to = f.ip6.SrcIP, f.ip6.DstIP
		case layers.LayerTypeUDP:
			return f.record(r, from, to)
		}
	}
	return Record{}, false
}

// defragment takes the IPv4 fragment just decoded and returns the datagram that it completes, or nil.
func (f *File) defragment(at time.Time) *layers.IPv4 {
	if f.ip4.Protocol != layers.IPProtocolUDP {
		return nil
	}
	if at.Sub(f.cleared) > fragmentTime {
		f.frags.DiscardOlderThan(at.Add(-fragmentTime))
		f.cleared = at
	}
	ip := f.ip4                          // the defragmenter keeps it
	ip.Flags &^= layers.IPv4DontFragment // which it would obey, though the packet is a fragment already
	if short := minFragment - len(ip.Payload); short > 0 && ip.Flags&layers.IPv4MoreFragments == 0 {
		// The defragmenter refuses a last fragment of under 8 bytes. Padding does no harm: the UDP header has the
		// length.
		ip.Payload = append(slices.Clip(ip.Payload), make([]byte, short)...)
		ip.Length += uint16(short)
	}
	whole, err := f.frags.DefragIPv4WithTimestamp(&ip, at)
	if err != nil {
		return nil // overlapping or out of range: no datagram will come of it
	}
	return whole
}

// record completes a record from the UDP header just decoded.
func (f *File) record(r Record, from, to []byte) (Record, bool) {
	source, ok1 := netip.AddrFromSlice(from)
	target, ok2 := netip.AddrFromSlice(to)
	r.From = netip.AddrPortFrom(source, uint16(f.udp.SrcPort))
	r.To = netip.AddrPortFrom(target, uint16(f.udp.DstPort))
	r.Payload, r.Length = f.udp.Payload, max(int(f.udp.Length)-udpSize, len(f.udp.Payload))
	return r, ok1 && ok2
}
