package source

import (
	"bufio"
	"errors"
	"net/netip"
	"os"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// maxCapture is the longest frame that a written capture may have, in bytes.
const maxCapture = 65535

// Writer writes UDP datagrams to a pcap file: Ethernet, IPv4, UDP. It is not safe for concurrent use.
type Writer struct {
	file   *os.File
	buffer *bufio.Writer
	pcap   *pcapgo.Writer
	frame  gopacket.SerializeBuffer
}

// CreateFile creates a capture file, or empties the one that is there.
func CreateFile(path string) (*Writer, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	buffer := bufio.NewWriterSize(file, 1<<16)
	w := &Writer{file: file, buffer: buffer, pcap: pcapgo.NewWriter(buffer), frame: gopacket.NewSerializeBuffer()}
	if err := w.pcap.WriteFileHeader(maxCapture, layers.LinkTypeEthernet); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return w, nil
}

// Write adds a datagram that was sent at that time. Both addresses are IPv4. The payload is
// 65,507 bytes at most, and not kept.
func (w *Writer) Write(at time.Time, from, to netip.AddrPort, payload []byte) error {
	eth := layers.Ethernet{
		SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4,
	}
	ip := layers.IPv4{
		Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP,
		SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice(),
	}
	udp := layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}
	if err := udp.SetNetworkLayerForChecksum(&ip); err != nil {
		return err
	}
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(w.frame, options, &eth, &ip, &udp, gopacket.Payload(payload)); err != nil {
		return err
	}
	frame := w.frame.Bytes()
	return w.pcap.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(frame), Length: len(frame)}, frame)
}

// Close writes what is buffered and closes the file.
func (w *Writer) Close() error { return errors.Join(w.buffer.Flush(), w.file.Close()) }
